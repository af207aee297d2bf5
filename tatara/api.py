"""The same verbs from Python: a notebook, a script, a scheduler.

>>> from tatara import api
>>> result = api.run("classification", data="digits", model="small_cnn", epochs=5)  # doctest: +SKIP
>>> result["metrics"]["accuracy"]  # doctest: +SKIP
{'value': 0.98, 'low': 0.95, 'high': 0.99}
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tatara.core.home import apply_library_environment

if TYPE_CHECKING:
    from pipelines.compare import Comparison
    from pipelines.datasets.add import Report
    from pipelines.validation.check import Result
    from tatara.core.client import Client
    from tatara.core.lineage import Chain


def run(kind: str, *, workspace: str | Path | None = None, **parameters: Any) -> dict[str, Any]:
    """Validate, train, convert, evaluate, register and package, with the parameters of ``tatara run``.

    Args:
        kind: such as ``classification``.
        workspace: the run's folder; a new one by default. Stages that have finished in it are not run again.
        parameters: by the names of ``tatara run``, ``data`` among them.

    Returns:
        What ``tatara run --json`` prints: run_id, name, version, metrics, onnx, bento, seconds by step.

    Raises:
        UsageError: an unknown parameter, or a value of the wrong type or range.
        RefusedError: the data, the parity proof or the comparison with the champion said no.
    """
    apply_library_environment()
    from pipelines.earlier import asked
    from pipelines.run import run_all
    from pipelines.workspace import Workspace, new_workspace

    resolved = asked(kind, parameters)
    return run_all(Workspace(Path(workspace).absolute()) if workspace else new_workspace(resolved), resolved)


def resume(run: str) -> dict[str, Any]:
    """Go on with a run that was stopped, given by folder, folder name or MLflow run id.

    Raises:
        UsageError: no such run.
    """
    apply_library_environment()
    from pipelines.run import run_all
    from pipelines.workspace import find_workspace

    workspace = find_workspace(run)
    return run_all(workspace, workspace.resumed_parameters())


def add_data(path: str | Path, name: str, **options: Any) -> "Report":
    """Bring images with what belongs to them under ``data/``; see `pipelines.datasets.add.add` for the options."""
    apply_library_environment()
    from pipelines.datasets.add import add

    return add(Path(path), name, **options)


def check_data(name: str) -> "Result":
    """Hold a dataset to its suite; ``success`` says whether it is fit to train on."""
    apply_library_environment()
    from pipelines.datasets.dataset import open_dataset
    from pipelines.datasets.index import build_index
    from pipelines.validation.check import check

    dataset = open_dataset(name)
    return check(dataset, build_index(dataset))


def compare(runs: Sequence[str]) -> "Comparison":
    """Runs side by side, the first one the baseline."""
    apply_library_environment()
    from pipelines.compare import compare as compared

    return compared(runs)


def verify_lineage(reference: str) -> "Chain":
    """Recompute every digest behind ``NAME[@alias|/version]`` or a header's digest.

    Raises:
        RefusedError: a link is broken; the message names it.
    """
    apply_library_environment()
    from pipelines.lineage.verify import verify

    return verify(reference)


def client(url: str) -> "Client":
    """A typed client of a running service."""
    from tatara.core.client import Client

    return Client(url)


def model_card(model: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Parameters, operations and ONNX bytes of a model, as ``tatara models show`` prints them."""
    apply_library_environment()
    from pipelines.catalogue import show_model

    return show_model(model, parameters or {}).model_dump()
