"""TIDE's mistakes, one of each kind by hand."""

import numpy as np
import pytest

from pipelines.metrics.objects.errors import KINDS, Found, Mistakes, breakdown
from pipelines.metrics.objects.matching import THRESHOLDS, coco_outcomes
from pipelines.metrics.objects.scenes import Scene
from tests.pipelines.metrics.objects.made import LABELS, random_scenes, regions, scene, with_masks

A, B, AWAY = [0.0, 0.0, 20.0, 20.0], [100.0, 100.0, 140.0, 140.0], [200.0, 200.0, 220.0, 220.0]
SHIFTED = [0.0, 10.0, 20.0, 30.0]  # IoU 1/3 with A


def _breakdown(scenes: list[Scene], by_mask: bool = False) -> tuple[Found, dict[str, Mistakes]]:
    return breakdown(scenes, coco_outcomes(scenes, LABELS, by_mask, THRESHOLDS[:1])["all"], by_mask)


@pytest.mark.parametrize(
    ("box", "label", "kind", "gain", "missed"),
    [
        (A, 1, "class", 0.5, 0),  # AP of half the objects found is 51/101, and mended 1
        (SHIFTED, 0, "localization", 0.5, 0),
        (SHIFTED, 1, "both", 0.0, 1),
        (AWAY, 0, "background", 0.0, 1),
    ],
)
def test_one_mistake_beside_one_right_answer(box: list[float], label: int, kind: str, gain: float, missed: int) -> None:
    one = scene(regions([A, B], [0, 0]), regions([B, box], [0, label], [0.9, 0.8]))
    found, gains = _breakdown([one])
    assert [KINDS[error] if error >= 0 else "" for error in found.error] == ["", kind]
    assert {name: mistake.count for name, mistake in gains.items()} == {
        **dict.fromkeys(KINDS, 0), kind: 1, "missed": missed,
    }  # fmt: skip
    assert gains[kind].ap50_gain == pytest.approx(gain * 100 / 101, abs=1e-9)
    assert gains["missed"].ap50_gain == pytest.approx(missed * 50 / 101, abs=1e-9)


def test_a_duplicate_costs_where_it_stands_before_a_right_answer() -> None:
    near = [0.0, 0.0, 20.0, 19.0]
    found, gains = _breakdown([scene(regions([A, B], [0, 0]), regions([A, near, B], [0, 0, 0], [0.9, 0.8, 0.7]))])
    assert [KINDS[error] if error >= 0 else "" for error in found.error] == ["", "duplicate", ""]
    assert gains["duplicate"].count == 1
    assert gains["duplicate"].ap50_gain == pytest.approx(50 / 101 * (1 - 2 / 3))


def test_only_the_best_of_two_mistakes_for_one_object_becomes_right() -> None:
    one = scene(regions([A, B], [0, 0]), regions([SHIFTED, [0, 9, 20, 29], B], [0, 0, 0], [0.9, 0.8, 0.7]))
    _, gains = _breakdown([one])
    assert gains["localization"].count == 2
    before = 51 / 101 / 3
    assert gains["localization"].ap50_gain == pytest.approx(1 - before)


def test_a_mistake_for_an_object_that_is_found_goes_when_mended() -> None:
    one = scene(regions([A, B], [0, 0]), regions([A, SHIFTED, B], [0, 0, 0], [0.9, 0.8, 0.7]))
    _, gains = _breakdown([one])
    assert gains["localization"].ap50_gain == pytest.approx(50 / 101 * (1 - 2 / 3))
    assert gains["missed"].count == 0


def test_crowds_are_no_mistakes() -> None:
    one = scene(regions([A, B], [0, 0], crowd=[1]), regions([A, [110, 110, 130, 130]], [0, 0], [0.9, 0.8]))
    found, gains = _breakdown([one])
    assert len(found.hit) == 1
    assert all(one.count == 0 for one in gains.values())


@pytest.mark.parametrize("by_mask", [False, True])
def test_every_answer_is_right_or_one_mistake(by_mask: bool) -> None:
    scenes = [with_masks(one) if by_mask else one for one in random_scenes(20, seed=2)]
    found, gains = _breakdown(scenes, by_mask)
    answers = sum(len(one.answer) for one in scenes)
    ignored = answers - len(found.hit)
    assert 0 <= ignored < 0.1 * answers
    assert (found.hit == (found.error < 0)).all()
    assert sum(one.count for name, one in gains.items() if name != "missed") == int((~found.hit).sum())
    assert (np.diff(found.score) <= 0).all()
    assert all(one.ap50_gain > -0.01 for one in gains.values())


def test_nothing_found() -> None:
    found, gains = _breakdown([scene(regions([A], [0]), regions([], []))])
    assert len(found.hit) == 0
    assert gains["missed"] == Mistakes(count=1, ap50_gain=0.0)
