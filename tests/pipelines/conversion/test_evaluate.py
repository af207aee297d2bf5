"""Evaluation and comparison of a converted model."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from PIL import Image
from sklearn import metrics

from pipelines import tracking
from pipelines.catalogue import show_model
from pipelines.compare import compare
from pipelines.compare_views import draw, table
from pipelines.stages import evaluate
from pipelines.workspace import Workspace
from registry import versions
from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.files import read_json, tree, write_json
from tests.pipelines.conversion.conftest import GIVEN
from tests.tiny import CLASSES

_ALONE = """
import sys
from pathlib import Path
from pipelines.stages import evaluate
from pipelines.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]))
evaluate.run(workspace, workspace.parameters("convert"))
print(sorted({"tensorflow", "keras", "torch"} & sys.modules.keys()))
"""


@pytest.fixture(scope="module")
def evaluated(workspace: Workspace, converted: Path) -> Path:
    """The folder of the evaluate stage, run in a process that shows what it imported."""
    with tracking.adopted_run("tiny", "one") as run_id:
        write_json(workspace.folder("train") / "run.json", {"run_id": run_id, "training_seconds": 1.5})
    command = [sys.executable, "-c", _ALONE, str(workspace.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    return workspace.folder("evaluate")


@pytest.fixture(scope="module")
def predictions(evaluated: Path) -> pandas.DataFrame:
    return pandas.read_parquet(evaluated / "predictions.parquet")


def test_every_test_file_has_its_row(predictions: pandas.DataFrame, module_project: Path) -> None:
    files = tree(module_project / "data" / "tiny" / "test")
    assert dict(zip(predictions["path"], predictions["digest"], strict=True)) == {
        f"test/{path}": digest for path, digest in files.items()
    }
    assert list(predictions["label"]) == [path.split("/")[1] for path in predictions["path"]]
    probabilities = predictions[[f"p_{label}" for label in CLASSES]].to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert list(predictions["predicted"]) == [CLASSES[best] for best in probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(predictions["score"], probabilities.max(axis=1))


def test_the_metrics_are_those_of_the_predictions(evaluated: Path, predictions: pandas.DataFrame) -> None:
    found = read_json(evaluated / "metrics.json")
    truth, answer = predictions["label"], predictions["predicted"]
    assert found["accuracy"]["value"] == metrics.accuracy_score(truth, answer)
    assert found["f1"]["value"] == pytest.approx(metrics.f1_score(truth, answer, average="macro", zero_division=0))
    expected = metrics.log_loss(truth, predictions[[f"p_{label}" for label in CLASSES]], labels=CLASSES)
    assert found["log_loss"]["value"] == pytest.approx(expected, rel=1e-4)
    assert found["gap"]["value"] == pytest.approx(found["train_accuracy"]["value"] - found["accuracy"]["value"])
    for name, one in found.items():
        assert set(one) == {"value", "low", "high"}, name
        assert one["low"] < one["high"], name


def test_tables_pictures_and_latency_are_there(evaluated: Path) -> None:
    assert {path.name for path in (evaluated / "plots").iterdir()} == {
        "confusion.png", "confusion_normalized.png", "reliability.png", "mistakes.png", "classes.png",
    }  # fmt: skip
    for path in (evaluated / "plots").iterdir():
        assert min(Image.open(path).size) > 200, path.name
    assert set(read_json(evaluated / "classes.json")) == set(CLASSES)
    assert "| accuracy |" in (evaluated / "report.md").read_text()
    assert read_json(evaluated / "latency.json")["median_ms"] > 0


def test_everything_is_kept_with_the_run(evaluated: Path, workspace: Workspace) -> None:
    run = tracking.client().get_run(workspace.run_id)
    accuracy = read_json(evaluated / "metrics.json")["accuracy"]
    assert run.data.metrics["test_accuracy"] == pytest.approx(accuracy["value"])
    assert run.data.metrics["test_accuracy_low"] == pytest.approx(accuracy["low"])
    kept = {one.path for one in tracking.client().list_artifacts(workspace.run_id, "evaluate")}
    assert {"evaluate/predictions.parquet", "evaluate/metrics.json", "evaluate/plots"} <= kept


def test_int8_that_is_not_shown_to_hold_its_margin_is_refused_with_figures(
    workspace: Workspace, evaluated: Path
) -> None:
    parameters = workspace.parameters("convert").model_copy(update={"int8_margin": 0.001})
    before = tree(evaluated)
    with pytest.raises(
        RefusedError,
        match=r"int8: accuracy changes by .*\[.*\] \(90%\) on 36 test examples.* 0.001 is lost \(not enough data\); .*"
        r", or with some \d,\d+ test images like these",
    ):
        evaluate.run(workspace, parameters)
    assert tree(evaluated) == before


def test_a_file_that_changed_since_validation_is_named(workspace: Workspace, module_project: Path) -> None:
    file = sorted((module_project / "data" / "tiny" / "test" / "0").iterdir())[0]
    content = file.read_bytes()
    try:
        file.write_bytes(content + b"x")
        with pytest.raises(TataraError, match=rf"{file.name}: changed since it was validated"):
            evaluate.run(workspace, workspace.parameters("convert"))
    finally:
        file.write_bytes(content)


def test_runs_side_by_side(workspace: Workspace, evaluated: Path, tmp_path: Path) -> None:
    better = _with_all_right(workspace)
    found = compare([str(workspace.path), str(better.path)])
    base, other = found.runs
    card = read_json(workspace.folder("convert") / "card.json")
    assert (base.parameters, base.flops, base.bytes) == (card["parameters"], card["flops"], card["bytes"])
    assert base.training_seconds == 1.5
    assert other.run == "better"
    (pair,) = found.pairs
    wrong = round((1 - base.metrics["accuracy"].value) * 36)
    assert (pair.baseline, pair.examples) == ("one", 36)
    assert pair.differences["accuracy"].value == pytest.approx(wrong / 36)
    assert pair.p_value == pytest.approx(min(1.0, 2 / 2**wrong))
    assert pair.differences["log_loss"].high < 0
    text = table(found)
    assert f"{card['parameters']:,}" in text
    assert "better against one on 36 examples, 95 % intervals: accuracy +" in text
    draw(found, tmp_path / "compare.png")
    assert Image.open(tmp_path / "compare.png").width > 800
    json.loads(found.model_dump_json())


def test_a_registered_version_is_compared_by_its_name(workspace: Workspace, evaluated: Path) -> None:
    tracking.log_folder(workspace.run_id, workspace.folder("train"), "train")
    versions.create("tiny", workspace.run_id, "convert", {})
    better = _with_all_right(workspace)
    found = compare(["tiny/1", str(better.path)])
    assert [one.run for one in found.runs] == ["tiny/1", "better"]
    assert (found.pairs[0].baseline, found.pairs[0].examples) == ("tiny/1", 36)
    with pytest.raises(UsageError, match=r"no version 7 of 'tiny'; there are 1"):
        compare(["tiny/7", str(better.path)])
    elsewhere = workspace.path.rename(workspace.path.parents[1] / "elsewhere")
    try:
        kept = compare(["tiny/1", str(better.path)])
        assert (kept.runs[0].run, kept.runs[0].metrics) == ("tiny/1", found.runs[0].metrics)
    finally:
        elsewhere.rename(workspace.path)


def _with_all_right(workspace: Workspace) -> Workspace:
    other = Workspace(workspace.path.with_name("better"))
    for stage in ("train", "evaluate"):
        (other.path / stage).mkdir(parents=True, exist_ok=True)
        for name in ("parameters.json", "run.json", "metrics.json"):
            if (source := workspace.folder(stage) / name).exists():
                (other.path / stage / name).write_bytes(source.read_bytes())
    write_json(other.path / "train" / "run.json", {"run_id": "another", "training_seconds": 2.0})
    answers = pandas.read_parquet(workspace.folder("evaluate") / "predictions.parquet")
    answers["predicted"] = answers["label"]
    for label in CLASSES:
        answers[f"p_{label}"] = (answers["label"] == label).astype(np.float32)
    answers.to_parquet(other.path / "evaluate" / "predictions.parquet")
    return other


def test_one_run_is_not_a_comparison(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="two runs or more"):
        compare([str(workspace.path)])


def test_the_catalogue_says_what_the_run_weighs(
    converted: Path, module_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {name: GIVEN[name] for name in ("width", "size")}
    card = show_model("small_cnn", {**given, "classes": "3"})
    assert {name: getattr(card, name) for name in ("parameters", "flops", "bytes")} == read_json(
        converted / "card.json"
    )
    assert card.options["width"] == 8
    own, kinds, every = card.groups.values()
    assert list(card.groups) == ["small_cnn", "classification", "every run"]
    assert ("width" in own, "flip" in kinds, "seed" in every) == (True, True, True)
    assert [*own, *kinds, *every] == list(card.options)
    assert all(card.meanings[name] for name in card.options)
    monkeypatch.setattr("pipelines.catalogue.spawn", lambda *_: pytest.fail("asked twice"))
    assert show_model("small_cnn", {**given, "classes": 3}) == card


@pytest.mark.parametrize("given", [{"classes": "one"}, {"classes": 0}, {"widht": 4}])
def test_the_catalogue_refuses_what_it_does_not_know(module_project: Path, given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        show_model("small_cnn", given)
