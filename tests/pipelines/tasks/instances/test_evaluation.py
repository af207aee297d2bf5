"""The evaluation of instances: what it has beside that of detection."""

import contextlib
import io
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pipelines.examples import Example
from pipelines.tasks.instances import evaluation
from pipelines.truth import Objects
from tatara.core import masks
from tatara.core.masks import Masks
from tests.pipelines.tasks.pictured import contract, examples, found

CONTRACT = contract("instances")


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    return examples(tmp_path_factory.mktemp("data"), "test", 20)


def test_masks_from_answers_to_files(split: list[Example], tmp_path: Path) -> None:
    records = [evaluation.record(CONTRACT, example, found(example)) for example in split]
    figures = evaluation.measure(records, records, CONTRACT, None, 0)
    assert {"ap", "ap50", "mask_ap", "mask_ap50", "mask_ap75", "mask_ap_small", "mask_ar", "train_mask_ap50"} <= set(
        figures
    )
    assert evaluation.PRIMARY == "mask_ap50"
    assert evaluation.primary(records, CONTRACT) == pytest.approx(figures["mask_ap50"].value)
    files = {example.path: example for example in split}
    evaluation.describe(tmp_path, records, split, CONTRACT, figures, lambda path: files[path].read())
    evaluation.predictions(records, CONTRACT).to_parquet(tmp_path / "predictions.parquet", index=False)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(tmp_path / "coco" / "truth.json")
        for kind, prefix in (("bbox", ""), ("segm", "mask_")):
            judge = COCOeval(truth, truth.loadRes(str(tmp_path / "coco" / "predictions.json")), kind)
            judge.evaluate()
            judge.accumulate()
            judge.summarize()
            assert figures[f"{prefix}ap"].value == pytest.approx(judge.stats[0], abs=1e-9)
            assert figures[f"{prefix}ap50"].value == pytest.approx(judge.stats[1], abs=1e-9)
    assert Image.open(tmp_path / "plots" / "worst.png").width > 800
    kept = pandas.read_parquet(tmp_path / "predictions.parquet")
    assert evaluation.paired(kept, kept, 0.02, 0).difference.value == 0.0
    assert evaluation.compared(kept, kept, 0)[0]["mask_ap50"].value == 0.0


def test_masks_that_are_run_lengths_already_stay_so(split: list[Example]) -> None:
    example = split[3]
    answer = found(example)
    packed = {**answer, "masks": Masks((example.height, example.width), [masks.encode(one) for one in answer["masks"]])}
    first, second = (evaluation.record(CONTRACT, example, one) for one in (answer, packed))
    assert first.answer.masks == second.answer.masks
    np.testing.assert_array_equal(first.answer.areas, second.answer.areas)
    assert first.answer.areas[0] == answer["masks"][0].sum()


def test_a_record_of_large_masks_is_small(tmp_path: Path) -> None:
    side, count = 1000, 50
    boxes = np.array([[10.0 * i, 10.0 * i, 10.0 * i + 300, 10.0 * i + 300] for i in range(count)])
    nothing = Objects(np.empty((0, 4)), (), np.empty(0, bool), (), side, side)
    example = Example("test/0.png", "", "0" * 64, tmp_path, side, side, nothing)
    drawn = np.zeros((count, side, side), np.uint8)
    for mask, box in zip(drawn, boxes.astype(int), strict=True):
        mask[box[1] : box[3], box[0] : box[2]] = 1
    scores, classes = np.linspace(1, 0.5, count, dtype=np.float32), np.zeros(count, np.int32)
    kept = evaluation.record(
        CONTRACT, example, {"boxes": boxes.astype(np.float32), "scores": scores, "classes": classes, "masks": drawn}
    ).answer
    assert sum(sys.getsizeof(one.counts) for one in kept.masks if one) < 200_000
    assert not any(isinstance(value, np.ndarray) and value.size > 10_000 for value in vars(kept).values())
