"""The evaluation of segmentation, from examples and answers to the files that a run keeps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image
from sklearn.metrics import jaccard_score

from pipelines.examples import Example
from pipelines.tasks.segmentation import evaluation
from pipelines.tasks.segmentation.evaluation import Record
from pipelines.tasks.segmentation.plots import draw_worst
from pipelines.truth import LabelMask
from tatara.core.contract import Finished
from tatara.core.errors import TataraError
from tatara.core.files import read_json, sha256_file
from tatara.core.statistics import Interval
from tests.pipelines.drawn import saved_figures
from tests.pipelines.tasks.pictured import LABELS, contract, examples

CLASSES = ("background", *LABELS, "owl")
CONTRACT = contract("segmentation", CLASSES)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    return examples(tmp_path_factory.mktemp("data"), "test", 20)


def _answer(example: Example, wrong: float = 0.1) -> Finished:
    generator = np.random.default_rng(int(example.digest[:8], 16))
    truth = example.class_map(CLASSES)
    known = np.where(truth == 255, 0, truth)
    other = generator.integers(0, 3, truth.shape)
    labels = np.where(generator.random(truth.shape) < wrong, other, known).astype(np.uint8)
    return {"labels": labels, "confidence": generator.uniform(0.6, 1.0, truth.shape).astype(np.float32)}


@pytest.fixture(scope="module")
def records(split: list[Example]) -> list[Record]:
    return [evaluation.record(CONTRACT, example, _answer(example)) for example in split]


@pytest.fixture(scope="module")
def figures(records: list[Record]) -> dict[str, Interval]:
    return evaluation.measure(records, records[::2], CONTRACT, None, 0)


@pytest.fixture(scope="module")
def described(
    split: list[Example],
    records: list[Record],
    figures: dict[str, Interval],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    files = {example.path: example for example in split}
    evaluation.describe(folder, records, split, CONTRACT, figures, lambda path: files[path].read())
    evaluation.predictions(records, CONTRACT).to_parquet(folder / "predictions.parquet", index=False)
    return folder


def test_the_figures_are_those_of_the_kept_answers(
    split: list[Example], described: Path, figures: dict[str, Interval]
) -> None:
    truth = np.concatenate([example.class_map(CLASSES).ravel() for example in split])
    paths = [described / "labels" / f"{example.digest}.png" for example in split]
    answer = np.concatenate([np.asarray(Image.open(path)).ravel() for path in paths])
    kept = truth != 255
    assert not kept.all()
    assert figures["miou"].value == pytest.approx(jaccard_score(truth[kept], answer[kept], average="macro"))
    assert figures["pixel_accuracy"].value == pytest.approx((truth == answer)[kept].mean())
    assert figures["train_miou"].value - figures["miou"].value == pytest.approx(figures["gap"].value)


def test_the_kept_table_is_enough_to_compare(
    split: list[Example], records: list[Record], described: Path, figures: dict[str, Interval]
) -> None:
    kept = pandas.read_parquet(described / "predictions.parquet")
    assert kept["pixels"].sum() == sum(one.counts.sum() for one in records)
    assert evaluation.PRIMARY == "miou"
    assert evaluation.primary(records, CONTRACT) == pytest.approx(figures["miou"].value)
    worse = [evaluation.record(CONTRACT, example, _answer(example, wrong=0.3)) for example in split]
    table = evaluation.predictions([*worse, worse[0]], CONTRACT).sample(frac=1, random_state=0)
    verdict = evaluation.paired(table, kept, 0.02, 0)
    assert (verdict.verdict, verdict.examples, verdict.only_challenger) == ("worse", 20, 0)
    expected = evaluation.primary(worse, CONTRACT) - evaluation.primary(records, CONTRACT)
    assert verdict.difference.value == pytest.approx(expected)
    differences, p_value = evaluation.compared(table, kept, 0)
    assert (differences["miou"].value, p_value) == (pytest.approx(expected), None)
    assert evaluation.paired(kept, kept, 0.1, 0).verdict == "not_worse"
    assert evaluation.paired(kept, kept, 0.01, 0).verdict == "not_enough_data"
    assert evaluation.paired(kept, kept[:0], 0.01, 0).examples == 0


def test_tables_report_and_pictures(described: Path) -> None:
    classes = read_json(described / "classes.json")
    assert "iou" not in classes["owl"]
    assert 0.3 < classes["cat"]["iou"]["low"] < classes["cat"]["iou"]["value"] < 0.9
    report = (described / "report.md").read_text()
    assert "left out of the means: owl." in report
    assert "one of these stands for 1.6 to 2 of an image's" in report
    assert {path.stem for path in (described / "plots").iterdir()} == {"classes", "confusion", "reliability", "worst"}
    for path in (described / "plots").iterdir():
        assert min(Image.open(path).size) > 200, path.name


def test_a_label_mask_is_the_truth(tmp_path: Path, split: list[Example]) -> None:
    labels = np.array([[0, 1, 255, 255]] * 4, np.uint8)
    Image.fromarray(labels).save(tmp_path / "mask.png")
    truth = LabelMask(tmp_path / "mask.png", sha256_file(tmp_path / "mask.png"))
    example = replace(split[0], truth=truth, height=4, width=4)
    answer = {"labels": np.ones((4, 4), np.uint8), "confidence": np.full((4, 4), 0.5, np.float32)}
    counts = evaluation.record(CONTRACT, example, answer).counts
    assert (counts[0, 1], counts[1, 1], counts.sum()) == (4, 4, 8)


def test_an_image_of_ignored_pixels_alone_changes_nothing(tmp_path: Path, records: list[Record]) -> None:
    nothing = replace(records[0], digest="f" * 64, counts=records[0].counts * 0)
    table = evaluation.predictions([*records, nothing], CONTRACT)
    assert "f" * 64 in set(table["digest"])
    assert evaluation.paired(table, table, 0.1, 0).examples == 21
    assert evaluation.primary([*records, nothing], CONTRACT) == evaluation.primary(records, CONTRACT)


def test_a_mask_of_another_size_is_named(split: list[Example]) -> None:
    answer = {name: values[:-1] for name, values in _answer(split[0]).items()}
    with pytest.raises(TataraError, match=r"test/00\.png: the mask is \(48, 64\), the answer \(47, 64\)"):
        evaluation.record(CONTRACT, split[0], answer)


@pytest.mark.parametrize(
    ("wrong", "title", "shown"),
    [
        (10, "The 6 worst of 10 images with wrong pixels, of 20 test images", 6),
        (3, "All 3 images with wrong pixels, of 20 test images", 3),
        (1, "The one image with wrong pixels, of 20 test images", 1),
        (0, "No wrong pixel in 20 test images; some of them", 2),
    ],
)
def test_the_worst_images_are_those_with_wrong_pixels(
    split: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: int, title: str, shown: int
) -> None:
    given = [_answer(example, 0.3 if place < wrong else 0.0) for place, example in enumerate(split)]
    records = [evaluation.record(CONTRACT, *pair) for pair in zip(split, given, strict=True)]
    figures, files = saved_figures(monkeypatch), {example.path: example for example in split}
    draw_worst(tmp_path / "worst.png", records, CLASSES, lambda path: files[path].read())
    assert figures[0].get_suptitle() == title
    assert sum(bool(axis.images) for axis in figures[0].axes) == 4 * shown
    names = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert ("wrong" in names) == bool(wrong)
