"""Two detectors on the same images, from the tables that a run keeps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
import pytest

from pipelines.metrics.objects.paired import above_chance, ap50_apart, paired_ap50
from pipelines.metrics.objects.scenes import Scene, scenes, table
from tests.pipelines.metrics.objects.made import LABELS, random_scenes, regions, scene, with_masks


@pytest.fixture(scope="module")
def good() -> list[Scene]:
    return random_scenes(120, seed=4, noise=1.0)


def _without(one: Scene, share: float) -> Scene:
    """The scene without the first answers, which are the right ones."""
    kept = slice(round(share * len(one.answer)), None)
    part = one.answer
    less = replace(
        part, boxes=part.boxes[kept], classes=part.classes[kept], areas=part.areas[kept], crowd=part.crowd[kept],
        scores=part.scores[kept], masks=part.masks[kept],
    )  # fmt: skip
    return replace(one, answer=less)


def test_a_table_holds_everything(good: list[Scene], tmp_path: Path) -> None:
    given = [with_masks(one) for one in good[:5]] + [scene(regions([], []), regions([], []), 999)]
    table(given, LABELS).to_parquet(tmp_path / "kept.parquet", index=False)
    found = scenes(pandas.read_parquet(tmp_path / "kept.parquet"), LABELS)
    for before, after in zip(given, found, strict=True):
        assert (before.path, before.digest, before.width, before.height) == (
            after.path, after.digest, after.width, after.height,
        )  # fmt: skip
        for part in ("truth", "answer"):
            first, second = getattr(before, part), getattr(after, part)
            assert first.masks == second.masks
            for name in ("boxes", "classes", "areas", "crowd", "scores"):
                np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_verdicts(good: list[Scene]) -> None:
    best, half = table(good, LABELS), table([_without(one, 0.4) for one in good], LABELS)
    worse, better = (paired_ap50(*pair, 0.02, 0, by_mask=False) for pair in ((half, best), (best, half)))
    assert (worse.verdict, better.verdict) == ("worse", "better")
    assert worse.examples == 120
    assert worse.difference.value == pytest.approx(-better.difference.value)
    assert (worse.only_challenger, worse.only_champion) == (better.only_champion, better.only_challenger)
    assert worse.only_champion > 40
    assert worse.p_value < 1e-6
    same = paired_ap50(best, best, 0.02, 0, by_mask=False)
    assert (same.verdict, same.difference.value, same.p_value) == ("not_worse", 0.0, 1.0)


def test_equal_answers_on_a_handful_of_objects_prove_nothing(good: list[Scene]) -> None:
    few = table(good[:5], LABELS)
    assert paired_ap50(few, few, 0.02, 0, by_mask=False).verdict == "not_enough_data"


def test_only_the_images_in_both_count_each_once_in_any_order(good: list[Scene]) -> None:
    new = table([*good[:60], replace(good[3], path="test/copy.png")], LABELS)
    old = table([_without(one, 0.3) for one in good[20:]], LABELS).sample(frac=1, random_state=1)
    verdict = paired_ap50(new, old, 0.02, 0, by_mask=False)
    assert verdict.examples == 40
    exact = paired_ap50(
        table(good[20:60], LABELS), table([_without(one, 0.3) for one in good[20:60]], LABELS), 0.02, 0, by_mask=False
    )
    assert verdict == exact


def test_masks_are_judged_by_masks(good: list[Scene]) -> None:
    given = [with_masks(one) for one in good[:10]]
    squashed = [
        replace(one, answer=replace(one.answer, masks=with_masks(replace(one, answer=_narrow(one))).answer.masks))
        for one in given
    ]
    tables = table(squashed, LABELS), table(given, LABELS)
    assert ap50_apart(*tables, 0, by_mask=False).value == 0.0
    assert ap50_apart(*tables, 0, by_mask=True).high < -0.2


def _narrow(one: Scene) -> object:
    boxes = one.answer.boxes.copy()
    boxes[:, 2] = boxes[:, 0] + 0.4 * (boxes[:, 2] - boxes[:, 0])
    return replace(one.answer, boxes=boxes)


def test_nothing_in_common_is_not_enough_data(good: list[Scene]) -> None:
    verdict = paired_ap50(table(good[:5], LABELS), table(good[5:9], LABELS), 0.02, 0, by_mask=False)
    assert (verdict.verdict, verdict.examples) == ("not_enough_data", 0)
    assert (verdict.difference.low, verdict.difference.high) == (-1.0, 1.0)


def test_no_marked_object_is_not_enough_data() -> None:
    empty = table([scene(regions([], []), regions([[0, 0, 9, 9]], [0], [0.9]))], LABELS)
    assert paired_ap50(empty, empty, 0.02, 0, by_mask=False).verdict == "not_enough_data"


def test_a_detector_is_above_chance_when_its_answers_fit_their_own_image_alone(good: list[Scene]) -> None:
    found = above_chance(good, LABELS, seed=0)["above_chance"]
    assert found.low > 0.3
    same = [scene(regions([[10, 10, 90, 90]], [0]), regions([[10, 10, 90, 90]], [0], [0.9]), i) for i in range(20)]
    blind = above_chance(same, LABELS, seed=0)["above_chance"]
    assert (blind.value, blind.low < 0) == (0.0, True)
    assert above_chance(same[:1], LABELS, seed=0) == {}
