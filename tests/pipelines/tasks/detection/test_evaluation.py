"""The evaluation of detection, from examples and answers to the files that a run keeps."""

import contextlib
import io
from pathlib import Path

import pandas
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pipelines.examples import Example
from pipelines.metrics.objects.scenes import Scene
from pipelines.tasks.detection import evaluation
from tatara.core.contract import Tiling
from tatara.core.files import read_json
from tatara.core.statistics import Interval
from tests.pipelines.tasks.pictured import LABELS, contract, examples, found

CONTRACT = contract("detection")
PICTURES = {"classes", "confusion", "mistakes", "precision_recall", "reliability", "sizes", "worst"}


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    return examples(tmp_path_factory.mktemp("data"), "test", 24)


@pytest.fixture(scope="module")
def records(split: list[Example]) -> list[Scene]:
    return [evaluation.record(CONTRACT, example, found(example)) for example in split]


@pytest.fixture(scope="module")
def figures(records: list[Scene]) -> dict[str, Interval]:
    return evaluation.measure(records, records[::2], CONTRACT, None, 0)


@pytest.fixture(scope="module")
def described(
    split: list[Example],
    records: list[Scene],
    figures: dict[str, Interval],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    files = {example.path: example for example in split}
    evaluation.describe(folder, records, split, CONTRACT, figures, lambda path: files[path].read())
    evaluation.predictions(records, CONTRACT).to_parquet(folder / "predictions.parquet", index=False)
    return folder


def test_others_compute_the_same_from_the_files(described: Path, figures: dict[str, Interval]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(described / "coco" / "truth.json")
        judge = COCOeval(truth, truth.loadRes(str(described / "coco" / "predictions.json")), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    for name, position in {"ap": 0, "ap50": 1, "ap75": 2, "ap_small": 3, "ar": 8}.items():
        assert figures[name].value == pytest.approx(judge.stats[position], abs=1e-9), name


def test_the_primary_figure_is_the_same_everywhere(records: list[Scene], figures: dict[str, Interval]) -> None:
    assert evaluation.PRIMARY == "ap50"
    assert evaluation.primary([], CONTRACT) == 0.0
    assert evaluation.primary(records, CONTRACT) == pytest.approx(figures["ap50"].value)
    assert figures["train_ap50"].value == pytest.approx(evaluation.primary(records[::2], CONTRACT))
    assert figures["gap"].value == pytest.approx(figures["train_ap50"].value - figures["ap50"].value)


def test_the_kept_table_is_enough_to_compare(described: Path, split: list[Example]) -> None:
    kept = pandas.read_parquet(described / "predictions.parquet")
    assert set(kept["digest"]) == {example.digest for example in split}
    other = [evaluation.record(CONTRACT, example, found(example, seed=1)) for example in split]
    table = evaluation.predictions(other, CONTRACT)
    verdict = evaluation.paired(table, kept, 0.02, 0)
    gap = evaluation.primary(other, CONTRACT) - evaluation.measure(other, other, CONTRACT, None, 0)["gap"].value
    assert verdict.examples == 24
    differences, p_value = evaluation.compared(table, kept, 0)
    assert differences["ap50"].value == pytest.approx(verdict.difference.value)
    assert p_value is None
    before = [evaluation.record(CONTRACT, example, found(example)) for example in split]
    assert verdict.difference.value == pytest.approx(gap - evaluation.primary(before, CONTRACT))


def test_tables_and_report(described: Path, figures: dict[str, Interval]) -> None:
    classes = read_json(described / "classes.json")
    assert list(classes) == sorted(LABELS)
    assert classes["cat"]["support"] == 21  # of 24 without the crowds
    assert 0 < classes["cat"]["ap50"]["low"] < classes["cat"]["ap50"]["value"]
    assert set(read_json(described / "errors.json")) == {
        "class", "localization", "both", "duplicate", "background", "missed",
    }  # fmt: skip
    report = (described / "report.md").read_text()
    assert f"| ap50 | {figures['ap50'].value:.4f} |" in report
    assert "Undefined here, for want of marked objects of that size: ap_medium, ap_large." in report
    assert "24 training images of 40 x 56 to 64 x 48 pixels, with 33 objects" in report
    assert "at 32 x 32 pixels" in report


def test_pictures(described: Path) -> None:
    assert {path.stem for path in (described / "plots").iterdir()} == PICTURES
    for path in (described / "plots").iterdir():
        assert min(Image.open(path).size) > 200, path.name


def test_rows_of_score_0_hold_no_object(split: list[Example]) -> None:
    answer = found(split[3])
    answer["scores"][-1] = 0.0
    assert len(evaluation.record(CONTRACT, split[3], answer).answer) == len(answer["scores"]) - 1


@pytest.mark.parametrize("nothing", ["found", "marked"])
def test_empty_splits_are_described_too(split: list[Example], tmp_path: Path, nothing: str) -> None:
    if nothing == "found":
        answers = [{name: values[:0] for name, values in found(example).items()} for example in split]
        kept = split
    else:
        kept = [example for example in split if not example.objects().labels]
        answers = [found(example) for example in kept]
    tiled = contract("detection", tiling=Tiling(size=40, overlap=0.25))
    records = [evaluation.record(tiled, *pair) for pair in zip(kept, answers, strict=True)]
    figures = evaluation.measure(records, records, tiled, None, 0)
    files = {example.path: example for example in kept}
    evaluation.describe(tmp_path, records, kept, tiled, figures, lambda path: files[path].read())
    assert {path.stem for path in (tmp_path / "plots").iterdir()} == PICTURES
    assert (figures == {}) == (nothing == "marked")
    table = evaluation.predictions(records, tiled)
    assert evaluation.paired(table, table, 0.02, 0).verdict == "not_enough_data"
