"""The train stage: what it refuses, what it leaves, what MLflow knows afterwards."""

import csv
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.conversion.reference import trained_model
from pipelines.parameters import Parameters, resolve
from pipelines.stages import train
from pipelines.tasks.classification import task
from pipelines.workspace import Workspace
from registry.store import client, local_artifacts
from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.files import read_json, tree, write_json
from tests.tiny import make_tiny, mark_validated

RICH = {
    "epochs": 4, "find_rate": True, "profile": True, "early_stopping": 3, "mixed_precision": "bfloat16",
    "class_weights": True, "label_smoothing": 0.1, "warmup_epochs": 0.5, "shift": 0.1, "contrast": 0.1,
}  # fmt: skip
NewWorkspace = Callable[[], Workspace]


def parameters(**given: Any) -> Parameters:
    return resolve("classification", {"data": "tiny", "size": 16, "width": 4, "batch_size": 8, "epochs": 2, **given})


@pytest.fixture(scope="module")
def trained(tiny_project: Path) -> Workspace:
    """Trained with everything that can be asked for, the test split's files gone."""
    workspace = Workspace(tiny_project / "rich")
    mark_validated(workspace, "tiny")
    shutil.rmtree(tiny_project / "data" / "tiny" / "test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "1")
        train.run(workspace, parameters(**RICH))
    shutil.rmtree(tiny_project / "data" / "tiny")
    make_tiny(tiny_project)
    return workspace


@pytest.fixture(scope="module")
def record(trained: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = read_json(trained.folder("train") / "run.json")
    return found


def test_the_record_leads_back_to_code_and_data(trained: Workspace, record: dict[str, Any], tiny_project: Path) -> None:
    validation = read_json(trained.folder("validate") / "result.json")
    assert record["revision"] == validation["revision"]
    assert record["data"] == "tiny"
    assert record["data_dvc"] in (tiny_project / "data.dvc").read_text()
    assert len(record["git_commit"]) == 40
    assert len(record["lock_sha256"]) == 64
    assert record["git_dirty"] is False
    assert record["warnings"] == []
    assert read_json(trained.folder("train") / "classes.json") == ["0", "1", "7"]


def test_the_weights_are_float32_and_load_into_the_model_that_is_exported(
    trained: Workspace, record: dict[str, Any]
) -> None:
    model = trained_model(trained, 3)
    assert {str(variable.dtype) for variable in model.weights} == {"float32"}
    assert model.count_params() == record["parameters"]
    assert np.isfinite(model.predict(np.zeros((2, 16, 16, 3), np.float32), verbose=0)).all()


def test_history_and_pictures(trained: Workspace, record: dict[str, Any]) -> None:
    folder = trained.folder("train")
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"} < rows[0].keys()
    best = min(rows, key=lambda row: float(row["val_loss"]))
    assert record["best_epoch"] == int(best["epoch"])
    for name in ("curves", "samples", "rate_finder"):
        with Image.open(folder / "plots" / f"{name}.png") as picture:
            assert min(picture.size) > 200
    assert "Total params" in (folder / "summary.txt").read_text()


def test_the_profile_opens_in_tensorboard_and_perfetto(trained: Workspace) -> None:
    folder = trained.folder("train") / "profile"
    assert list(folder.glob("plugins/profile/*/*.xplane.pb"))
    events = json.loads(gzip.decompress((folder / "trace.json.gz").read_bytes()))["traceEvents"]
    spans = [event for event in events if event["ph"] == "X"]
    assert len(spans) > 100
    assert all(event["dur"] >= 0 and event["name"] for event in spans)
    assert {event["name"] for event in events if event["ph"] == "M"} == {"process_name", "thread_name"}


def test_mlflow_knows_all_of_it(trained: Workspace, record: dict[str, Any]) -> None:
    run = client().get_run(record["run_id"])
    assert run.info.status == "FINISHED"
    expected = parameters(**RICH).model_dump(mode="json")
    assert run.data.params == {name: str(value) for name, value in expected.items()}
    assert run.data.tags["mlflow.source.git.commit"] == record["git_commit"]
    assert run.data.tags["tatara.lock_sha256"] == record["lock_sha256"]
    assert run.data.tags["tatara.validation"] == "passed"
    assert run.data.tags["tatara.device"]
    wanted = ("parameters", "weights_bytes", "seconds_per_epoch", "suggested_learning_rate", "val_accuracy")
    assert all(name in run.data.metrics for name in wanted)
    assert any(name.startswith("system/cpu") for name in run.data.metrics)
    (given,) = run.inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == ("tiny", record["revision"][:36])
    assert json.loads(given.dataset.source)["md5"] == record["data_dvc"]
    for stage in ("validate", "train"):
        assert tree(local_artifacts(record["run_id"], stage)) == tree(trained.folder(stage))


def test_opening_a_test_file_while_training_stops_it(
    new_workspace: NewWorkspace, tiny_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = new_workspace()
    file = next((tiny_project / "data" / "tiny" / "test" / "0").iterdir())
    monkeypatch.setattr(task, "build", lambda *_: file.read_bytes())
    with pytest.raises(RefusedError, match="may not open a file of the test split"):
        train.run(workspace, parameters())
    assert not workspace.finished("train")
    assert file.read_bytes()


def test_what_did_not_pass_validation_is_not_trained_on(new_workspace: NewWorkspace) -> None:
    workspace = new_workspace()
    result = workspace.folder("validate") / "result.json"
    write_json(result, {**read_json(result), "success": False})
    with pytest.raises(RefusedError, match="did not pass validation"):
        train.run(workspace, parameters())


def test_xla_and_determinism_exclude_each_other(new_workspace: NewWorkspace) -> None:
    with pytest.raises(UsageError, match="add deterministic=false"):
        train.run(new_workspace(), parameters(xla=True))


def test_a_gpu_that_is_not_there_is_refused_before_a_run_begins(new_workspace: NewWorkspace) -> None:
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU")
    workspace = new_workspace()
    with pytest.raises(RefusedError, match="TensorFlow sees no GPU"):
        train.run(workspace, parameters(gpu=True))
    assert [path.name for path in workspace.path.iterdir()] == ["validate"]


def test_another_trainings_checkpoint_is_not_continued_and_a_flat_one_is_named(
    new_workspace: NewWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = new_workspace()
    write_json(workspace.path / "checkpoint" / "run.json", {"identity": "other", "run_id": "0"})
    (workspace.path / "checkpoint" / "state.npz").write_bytes(b"not even a checkpoint")
    train.run(workspace, parameters(learning_rate=1e-12, dropout=0.0, rotate=0.0, shift=0.0, zoom=0.0))
    said = capsys.readouterr()
    assert "belongs to other parameters or data; starting anew" in said.err
    assert "train: warning: the loss is flat" in said.err
    assert said.out == ""
    record = read_json(workspace.folder("train") / "run.json")
    assert any("the loss is flat" in warning for warning in record["warnings"])
    assert "the loss is flat" in client().get_run(record["run_id"]).data.tags["tatara.warnings"]


def test_a_loss_that_explodes_is_one_clear_line(new_workspace: NewWorkspace) -> None:
    workspace = new_workspace()
    with pytest.raises(TataraError, match=r"^the loss is (nan|inf) in epoch \d; lower learning_rate"):
        train.run(workspace, parameters(learning_rate=1e30, optimizer="sgd", norm="layer"))
    assert not workspace.finished("train")
    run = client().get_run(read_json(workspace.path / "checkpoint" / "run.json")["run_id"])
    assert run.info.status == "FAILED"
