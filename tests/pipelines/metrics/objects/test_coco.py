"""COCO's figures: against faster-coco-eval, against pycocotools on the written files, and by hand."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import faster_coco_eval
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pipelines.metrics.objects import precision, summary
from pipelines.metrics.objects.files import write_coco
from pipelines.metrics.objects.matching import AREAS, coco_outcomes
from pipelines.metrics.objects.paired import ap50
from pipelines.metrics.objects.scenes import Scene
from tatara.core.statistics import resampled
from tests.pipelines.metrics.objects.made import LABELS, random_scenes, regions, scene, with_masks

NAMES = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large")
STATS = {**{name: position for position, name in enumerate(NAMES)}, "ar": 8}


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [with_masks(one) for one in random_scenes(40, seed=1)]


def _values(scenes: list[Scene], by_mask: bool) -> dict[str, float]:
    outcomes = coco_outcomes(scenes, LABELS, by_mask, areas=list(AREAS))
    return {name: float(one[0]) for name, one in precision.coco_summary(outcomes, np.ones((1, len(scenes)))).items()}


def _load(folder: Path, keep_boxes: bool) -> tuple[Any, Any]:
    truth, found = (json.loads((folder / f"{name}.json").read_text()) for name in ("truth", "predictions"))
    return truth, found if keep_boxes else [{k: v for k, v in one.items() if k != "bbox"} for one in found]


@pytest.mark.parametrize("by_mask", [False, True])
def test_the_figures_are_those_of_the_other_evaluator(scenes: list[Scene], by_mask: bool, tmp_path: Path) -> None:
    write_coco(tmp_path, scenes, LABELS)
    truth, found = _load(tmp_path, keep_boxes=not by_mask)
    marked = faster_coco_eval.COCO(truth)
    kind = "segm" if by_mask else "bbox"
    judge = faster_coco_eval.COCOeval_faster(marked, marked.loadRes(found), kind, print_function=lambda *_: None)
    judge.run()
    values = _values(scenes, by_mask)
    assert values.keys() == STATS.keys()
    for name, position in STATS.items():
        assert 0.05 < values[name] < 0.95, name
        assert values[name] == pytest.approx(judge.stats[position], abs=1e-9), name


def test_pycocotools_reads_the_written_files_as_they_are(scenes: list[Scene], tmp_path: Path) -> None:
    write_coco(tmp_path, scenes, LABELS)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(tmp_path / "truth.json")
        judged = {}
        for kind in ("bbox", "segm"):
            judge = COCOeval(truth, truth.loadRes(str(tmp_path / "predictions.json")), kind)
            judge.evaluate()
            judge.accumulate()
            judge.summarize()
            judged[kind] = judge.stats
    boxes, masks = _values(scenes, by_mask=False), _values(scenes, by_mask=True)
    assert [boxes[name] for name in NAMES] == pytest.approx(judged["bbox"][:6], abs=1e-9)
    assert [masks[name] for name in NAMES[:3]] == pytest.approx(judged["segm"][:3], abs=1e-9)


def test_a_weight_is_a_repetition(scenes: list[Scene]) -> None:
    """What the bootstrap rests on: an image that counts twice is an image that is there twice."""
    times = np.random.default_rng(0).integers(0, 4, len(scenes))
    repeated = [one for one, count in zip(scenes, times, strict=True) for _ in range(count)]
    outcomes = coco_outcomes(scenes, LABELS, by_mask=False, areas=list(AREAS))
    weighted = precision.coco_summary(outcomes, times[None].astype(np.float64))
    for name, value in _values(repeated, by_mask=False).items():
        assert weighted[name][0] == pytest.approx(value, abs=1e-12), name


def _two_of_three() -> Scene:
    """Two marked objects; answers right, wrong, right in falling score."""
    boxes = [[0, 0, 20, 20], [50, 50, 90, 90]]
    return scene(
        regions(boxes, [0, 0]), regions([boxes[0], [200, 200, 220, 220], boxes[1]], [0, 0, 0], [0.9, 0.8, 0.7])
    )


def test_by_hand() -> None:
    values = _values([_two_of_three()], by_mask=False)
    # Precision 1 at the 51 recalls up to 0.5, 2/3 at the 50 above.
    assert values["ap"] == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert values["ap50"] == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert values["ar"] == 1.0
    assert values["ap_small"] == values["ap_medium"] == 1.0  # the wrong answer is small and below the right one
    assert np.isnan(values["ap_large"])


def test_what_is_undefined_is_left_out_and_the_rest_has_width() -> None:
    found = summary.measure([_two_of_three()] * 4, [_two_of_three()], LABELS, seed=0, by_mask=False)
    assert set(found) == {
        "ap", "ap50", "ap75", "ar", "ap_small", "ap_medium", "voc07_map", "voc12_map", "train_ap50", "gap",
    }  # fmt: skip
    for name, one in found.items():
        assert one.low <= one.value <= one.high, name
        assert one.high - one.low > 0.1, name
    assert found["gap"].value == pytest.approx(0.0)


def test_nothing_marked_has_no_figures() -> None:
    empty = scene(regions([], []), regions([[0, 0, 9, 9]], [0], [0.9]))
    assert summary.measure([empty], [empty], LABELS, seed=0, by_mask=False) == {}


def test_a_class_without_marked_objects_does_not_lower_the_mean() -> None:
    one = _two_of_three()
    stray = scene(one.truth, regions([[0, 0, 20, 20], [5, 5, 30, 30]], [0, 2], [0.9, 0.95]))
    assert _values([stray], by_mask=False)["ap50"] == pytest.approx(51 / 101)


def test_answers_in_a_crowd_do_not_count_and_crowds_need_not_be_found() -> None:
    truth = regions([[0, 0, 20, 20], [100, 100, 200, 200]], [0, 0], crowd=[1])
    answer = regions([[120, 120, 140, 140], [150, 150, 170, 170], [0, 0, 20, 20]], [0, 0, 0], [0.9, 0.8, 0.7])
    assert _values([scene(truth, answer)], by_mask=False)["ap"] == 1.0


def test_masks_decide_where_boxes_agree() -> None:
    box = [[10, 10, 110, 110]]
    one = with_masks(scene(regions(box, [0]), regions(box, [0], [0.9])))
    half = with_masks(scene(regions(box, [0]), regions([[10, 10, 60, 110]], [0], [0.9])))
    mixed = scene(one.truth, regions(box, [0], [0.9]))
    object.__setattr__(mixed.answer, "masks", half.answer.masks)
    assert _values([mixed], by_mask=False)["ap"] == 1.0
    assert _values([mixed], by_mask=True)["ap"] < 0.2


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Images drawn from a pool whose AP50 is known: the interval of each draw should hold it."""
    pool = random_scenes(600, seed=5)
    known = float(ap50(pool, LABELS, by_mask=False)(np.ones((1, 600)))[0, 0])
    generator, covered = np.random.default_rng(2), 0
    for _ in range(40):
        drawn = [pool[position] for position in generator.choice(600, 40, replace=False)]
        (found,) = resampled(ap50(drawn, LABELS, by_mask=False), 40, 100, resamples=200)
        assert found is not None
        covered += found.low <= known <= found.high
    assert covered >= 35
