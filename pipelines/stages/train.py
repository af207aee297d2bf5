"""Train: the validated data and the parameters become weights, and MLflow keeps the record."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import tracking
from pipelines.datasets.dataset import open_dataset
from pipelines.enough import refuse_undecidable
from pipelines.examples import split_examples
from pipelines.parameters import Parameters, task_module
from pipelines.workspace import Workspace
from tatara.core.errors import RefusedError
from tatara.core.files import digest, read_json, write_json
from tatara.core.home import project_root
from tatara.core.progress import say

if TYPE_CHECKING:
    from pipelines.training.job import Job
    from pipelines.training.state import State
    from pipelines.training.weights import Transfer


def run(workspace: Workspace, parameters: Parameters) -> None:
    """Train on the train and valid splits, and leave the weights in ``train/``.

    A training that was stopped in this workspace continues from its checkpoint, and in its MLflow run, if parameters
    and data are the same.

    Raises:
        RefusedError: the validation did not pass, the test split cannot show that int8 holds, ``gpu=true`` and
            TensorFlow sees none, or something tried to open a file of the test split.
        UsageError: the weights to start from are not there.
        TataraError: the disk is full, a file changed since validation, or the loss is not finite.
        KeyboardInterrupt: Ctrl-C; the checkpoint is kept and ``train/`` is not made.
    """
    validation = _passed_validation(workspace)
    refuse_undecidable(workspace, parameters)
    from pipelines.training import disk, guard, quiet

    quiet.import_tensorflow()
    from pipelines.training import setup
    from pipelines.training.job import load_job

    dataset = open_dataset(parameters.data)
    checkpoint = workspace.path / "checkpoint"
    with disk.full_disk_named(workspace.path), guard.forbid_opening(dataset.folder / "test"):
        setup.settle(parameters)
        train, valid = (split_examples(workspace, split) for split in ("train", "valid"))
        job = load_job(parameters, task_module(parameters.kind).labels(dataset.description), train, valid)
        record = _claimed(checkpoint, parameters, validation["revision"])
        with tracking.adopted_run(parameters.data, workspace.path.name, record.get("run_id")) as run_id:
            record |= {"run_id": run_id, "experiment": parameters.data}
            write_json(checkpoint / "run.json", record)
            with tracking.system_metrics(run_id):
                _train(workspace, job, record, validation)
        shutil.rmtree(checkpoint)


def _passed_validation(workspace: Workspace) -> dict[str, Any]:
    result: dict[str, Any] = read_json(workspace.folder("validate") / "result.json")
    if not result["success"]:
        raise RefusedError(f"{workspace.path}: the data did not pass validation; `tatara data check {result['data']}`")
    return result


def _claimed(checkpoint: Path, parameters: Parameters, revision: str) -> dict[str, Any]:
    """The record of the checkpoint that belongs to these parameters and data; another training's is removed."""
    identity = digest({"parameters": parameters.model_dump(mode="json"), "revision": revision})
    record: dict[str, Any] = read_json(checkpoint / "run.json") if (checkpoint / "run.json").exists() else {}
    if record.get("identity") != identity:
        if record:
            say(f"train: {checkpoint} belongs to other parameters or data; starting anew")
            shutil.rmtree(checkpoint)
        record = {"identity": identity}
    checkpoint.mkdir(parents=True, exist_ok=True)
    return record


def _train(workspace: Workspace, job: "Job", record: dict[str, Any], validation: dict[str, Any]) -> None:
    from pipelines.training import loop, progress, report, state
    from pipelines.training.callbacks import describe

    checkpoint, run_id, parameters = workspace.path / "checkpoint", record["run_id"], job.parameters
    origin = _log_origin(workspace, job, run_id, validation)
    model, transfer = job.model(job.rate(_peak_rate(checkpoint, job, record)))
    done = state.load(checkpoint)
    say(describe(parameters, job.plan))
    _announce(transfer, done, job)
    loop.fit(
        model, job.train.examples(), job.valid.examples(), job.plan, job.task.augmentation(parameters), done,
        loop.Settings(
            checkpoint, parameters.checkpoint_steps, parameters.early_stopping,
            checkpoint / report.PROFILE if parameters.profile else None,
            progress.watcher(job, checkpoint, run_id),
        ),
        lambda rows: tracking.log_history(run_id, rows),
    )  # fmt: skip
    warnings = job.warnings(model, done.history)
    for warning in warnings:
        say(f"train: warning: {warning}")
    with workspace.writing("train", parameters) as folder:
        report.write_report(folder, checkpoint, job, model, done)
        found = report.facts(folder, model, done)
        known = {name: record[name] for name in ("run_id", "experiment", "learning_rate")}
        given = asdict(transfer) if transfer else None
        best = {"best_epoch": done.best_epoch or len(done.history), "warnings": warnings, "transfer": given}
        write_json(folder / "run.json", {**known, **origin, **found, **best})
        tracking.log_metrics(run_id, found)
        tracking.set_tags(run_id, {"tatara.warnings": "; ".join(warnings)})
        tracking.log_folder(run_id, folder, "train")


def _log_origin(workspace: Workspace, job: "Job", run_id: str, validation: dict[str, Any]) -> dict[str, Any]:
    """Record parameters, code, data, validation and device with the run, and return what ``run.json`` keeps of it."""
    from pipelines.training import provenance

    root = project_root()
    origin = {
        **provenance.code_state(root),
        "data": job.parameters.data,
        "revision": validation["revision"],
        "data_dvc": provenance.data_digest(root),
        "device": provenance.device(),
    }
    tracking.log_parameters(run_id, job.parameters.model_dump(mode="json"))
    tags = {f"tatara.{name}": value for name, value in origin.items()} | {"tatara.validation": "passed"}
    if origin["git_commit"]:
        tags["mlflow.source.git.commit"] = origin["git_commit"]
    tracking.set_tags(run_id, tags)
    counts = {"train": job.train.prepared.shape[0], "valid": job.valid.prepared.shape[0], "classes": len(job.classes)}
    source = {"dvc": "data.dvc", "md5": origin["data_dvc"], "path": f"data/{origin['data']}"}
    tracking.log_dataset(run_id, origin["data"], origin["revision"], source, counts)
    tracking.log_folder(run_id, workspace.folder("validate"), "validate")
    return origin


def _peak_rate(checkpoint: Path, job: "Job", record: dict[str, Any]) -> float:
    """The rate to train with: the parameter, or what a range test suggests (made once, kept in the record)."""
    from pipelines.training import plots, report

    if "learning_rate" not in record:
        record["learning_rate"] = job.parameters.learning_rate
        if job.parameters.find_rate:
            sweep = job.sweep()
            plots.range_test(checkpoint / report.RANGE_TEST, sweep)
            record["learning_rate"] = sweep.suggested
            tracking.log_metrics(record["run_id"], {"suggested_learning_rate": sweep.suggested})
            say(f"train: find_rate: training with learning_rate={sweep.suggested:.3g}")
        write_json(checkpoint / "run.json", record)
    return float(record["learning_rate"])


def _announce(transfer: "Transfer | None", done: "State", job: "Job") -> None:
    if transfer is not None:
        taken, fresh = len(transfer.matched), len(transfer.unmatched)
        say(f"train: weights={transfer.source}: {taken} variables taken, {fresh} fresh")
        for title in transfer.unmatched:
            say(f"train:   fresh: {title}")
    if done.step:
        say(f"train: continuing at step {done.step:,} of {job.plan.steps:,}")
