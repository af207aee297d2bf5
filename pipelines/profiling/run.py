"""``tatara profile``: a dataset validated, a model built as training builds it, some steps measured and told."""

import tempfile
import time
from pathlib import Path
from typing import Any

from pipelines.datasets.dataset import dataset_names, open_dataset
from pipelines.examples import split_examples
from pipelines.parameters import Parameters, resolve, task_module
from pipelines.profiling.profile import Profile
from pipelines.stages import validate
from pipelines.workspace import Workspace
from tatara.core.errors import UsageError
from tatara.core.files import whole_directory, write_text
from tatara.core.home import state_root

STEPS = 20


def profile(kind: str, given: dict[str, Any], steps: int = STEPS) -> Profile:
    """Profile ``steps`` training steps; picture, trace and ``profile.json`` lie below ``.tatara/profiles``.

    Args:
        kind: such as ``classification``.
        given: parameters by the names of ``tatara run``. Without ``data``, the first dataset is taken that the kind can
            learn from. ``xla`` is turned off, since what XLA made one is seen as one.
        steps: that are measured, after a few that are not.

    Raises:
        UsageError: an unknown parameter, or no dataset for the kind.
        RefusedError: the data did not pass validation.
    """
    modality = resolve(kind, {"data": "none", **given}).modality
    parameters = resolve(kind, {"data": _first(kind, modality), **given} if "data" not in given else given)
    parameters = parameters.model_copy(update={"xla": False})
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target = state_root() / "profiles" / f"{stamp}-{parameters.data}-{parameters.model}"
    with whole_directory(target) as folder:
        found = _profiled(parameters, steps, folder)
        found.folder = target
        write_text(folder / "profile.json", found.model_dump_json(indent=1))
    return found


def _first(kind: str, modality: str) -> str:
    reads, said = task_module(kind).READS, {name: open_dataset(name).description for name in dataset_names()}
    found = [name for name, one in said.items() if one.kind in reads and one.modality == modality]
    if not found:
        raise UsageError(
            f"no dataset here is of {kind}; `tatara data pull` brings the embedded ones, or give data=NAME"
        )
    return sorted(found, key=lambda name: open_dataset(name).description.kind != kind)[0]


def _profiled(parameters: Parameters, steps: int, folder: Path) -> Profile:
    from pipelines.training import quiet

    quiet.import_tensorflow()
    from pipelines.profiling.picture import draw
    from pipelines.profiling.profile import summarize
    from pipelines.profiling.steps import measure
    from pipelines.training import setup
    from pipelines.training.job import load_job
    from pipelines.training.trace import write_perfetto

    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace(Path(scratch, "run"))
        validate.run(workspace, parameters)
        train, valid = (split_examples(workspace, split) for split in ("train", "valid"))
    setup.settle(parameters)
    classes = task_module(parameters.kind).labels(open_dataset(parameters.data).description)
    job = load_job(parameters, classes, train, valid)
    model, _ = job.model(job.rate(parameters.learning_rate))
    names = (parameters.model, parameters.kind, parameters.data)
    found = summarize(measure(job, model, steps, folder), model, names, folder)
    write_perfetto(folder)
    draw(found, folder / "profile.png")
    return found
