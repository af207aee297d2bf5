"""The whole way: every stage in order, skipping those that have finished."""

import importlib
import time
from typing import Any

from pipelines.datasets.dataset import open_dataset
from pipelines.parameters import Parameters, refuse_other_modality, task_module
from pipelines.training.origin import refuse_unfit
from pipelines.workspace import STAGES, Workspace
from tatara.core.errors import UsageError
from tatara.core.files import read_json, write_json
from tatara.core.lineage import read_chain
from tatara.core.progress import say


def run_stage(stage: str, workspace: Workspace, parameters: Parameters) -> float:
    """Run one stage and return its seconds; one line to standard error when it starts and when it ends."""
    started = time.perf_counter()
    say(f"{stage:<9}…")
    importlib.import_module(f"pipelines.stages.{stage}").run(workspace, parameters)
    seconds = time.perf_counter() - started
    say(f"{stage:<9}done in {seconds:.1f} s")
    return seconds


def run_all(workspace: Workspace, parameters: Parameters) -> dict[str, Any]:
    """Run the stages that have not finished in ``workspace`` and summarize the result.

    The parameters are kept in the workspace first, so that a run that was stopped can be resumed.

    Raises:
        UsageError: no such dataset, one of a kind that cannot be trained on, or weights that do not fit; nothing was
            written.
    """
    _refuse_other_data(parameters)
    if not workspace.finished("train"):
        labels = task_module(parameters.kind).labels(open_dataset(parameters.data).description)
        refuse_unfit(parameters, labels)
    write_json(workspace.path / "parameters.json", parameters.model_dump(mode="json"))
    for stage in STAGES:
        if workspace.finished(stage):
            continue
        try:
            seconds = run_stage(stage, workspace, parameters)
        except KeyboardInterrupt:
            say(f"go on with: tatara run resume={workspace.path.name}")
            raise
        timings = workspace.path / "seconds.json"
        write_json(timings, {**(read_json(timings) if timings.exists() else {}), stage: round(seconds, 2)})
    return summary(workspace)


def _refuse_other_data(parameters: Parameters) -> None:
    said, reads = open_dataset(parameters.data).description, task_module(parameters.kind).READS
    if said.kind not in reads:
        raise UsageError(
            f"data={parameters.data} is of kind {said.kind}, and {parameters.kind} trains on {' or '.join(reads)}; "
            "see `tatara data list`"
        )
    refuse_other_modality(parameters, said.modality)


def summary(workspace: Workspace) -> dict[str, Any]:
    """What a finished run came to, as ``tatara run --json`` prints it."""
    registration = read_json(workspace.folder("register") / "registration.json")
    package = read_json(workspace.folder("package") / "package.json")
    parity = read_json(workspace.folder("convert") / "parity.json")
    model = workspace.folder("convert") / "model.onnx"
    return {
        "run_id": workspace.run_id,
        "workspace": str(workspace.path),
        "name": registration["name"],
        "version": registration["version"],
        "verdict": registration["verdict"],
        "approval": package["approval"],
        "lineage": read_chain(workspace.folder("package") / "approved.json").digest,
        "metrics": read_json(workspace.folder("evaluate") / "metrics.json"),
        "warnings": read_json(workspace.folder("train") / "run.json").get("warnings", []),
        "onnx": {
            "path": str(model),
            "sha256": registration["digests"]["model.onnx"],
            "parity": {key: parity[key] for key in ("max_abs", "top1_equal", "examples")},
        },
        "bento": package["bento"],
        "seconds": read_json(workspace.path / "seconds.json") if (workspace.path / "seconds.json").exists() else {},
    }
