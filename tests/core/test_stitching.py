"""Objects of overlapping tiles: the groups are those of a plain pair-by-pair reading, and many are no burden."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from tatara.core.boxes import areas, clipped, intersections, iou
from tatara.core.stitching import MOST, MOST_PAIRS, Tiled, grouped


def seen(seed: int, objects: int, size: tuple[int, int], tile: int = 96, step: int = 72) -> Tiled:
    """What tiles show of random objects, each view shifted by a little; scores in steps, so that some are equal."""
    generator = np.random.default_rng(seed)
    corners = generator.uniform(0, (size[1] - 5, size[0] - 5), (objects, 2))
    whole = np.concatenate([corners, corners + generator.uniform(4, 1.2 * tile, (objects, 2))], axis=1)
    classes = generator.integers(0, 3, objects)
    tops, lefts = (sorted({min(start, side - tile) for start in range(0, side, step)}) for side in size)
    views = [
        _views(generator, whole, classes, np.array([x, y, x + tile, y + tile], float)) for y in tops for x in lefts
    ]
    boxes, labels, tiles = (np.concatenate([view[i] for view in views]) for i in range(3))
    scores = generator.uniform(0.05, 1, len(boxes)).round(2).astype(np.float32)
    return Tiled(boxes, scores, labels.astype(np.int32), tiles, size)


def _views(
    generator: np.random.Generator, whole: NDArray[np.float64], classes: NDArray[np.integer], tile: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.integer], NDArray[np.float64]]:
    shown = clipped(whole, tile)
    there = (shown[:, 2:] - shown[:, :2] > 3).all(axis=1)
    shifted = shown[there] + generator.normal(0, 1.5, (int(there.sum()), 4))
    return clipped(shifted, tile), classes[there], np.repeat(tile[None], int(there.sum()), axis=0)


def plainly_grouped(found: Tiled) -> list[list[int]]:
    """One detection after the other against every group's members."""
    groups: list[list[int]] = []
    for position in np.argsort(-found.scores * np.where(found.cut, 0.5, 1.0), kind="stable").tolist():
        home = next((group for group in groups if _joins(found, group, position)), None)
        if home is None:
            groups.append([position])
        elif found.cut[position] and found.cut[home[0]]:
            home.append(position)
    return groups


def _joins(found: Tiled, group: list[int], position: int) -> bool:
    if found.classes[group[0]] != found.classes[position]:
        return False
    if any((found.tiles[member] == found.tiles[position]).all() for member in group):
        return False
    return any(_one_object(found, member, position) for member in group)


def _one_object(found: Tiled, first: int, second: int) -> bool:
    pair, tiles = found.boxes[[first, second]], found.tiles[[first, second]]
    shared = float(intersections(pair[:1], pair[1:])[0, 0])
    parts = clipped(pair, np.concatenate([tiles[:, :2].max(axis=0), tiles[:, 2:].min(axis=0)]))
    smaller = (first, second)[int(areas(pair).argmin())]
    return shared > 0 and bool(
        iou(pair[:1], pair[1:])[0, 0] >= 0.5
        or iou(parts[:1], parts[1:])[0, 0] >= 0.5
        or (found.cut[smaller] and shared >= 0.7 * areas(pair).min())
    )


@pytest.mark.parametrize("objects", [0, 1, 12, 40])
def test_groups_are_those_of_a_plain_reading(objects: int) -> None:
    for seed in range(4):
        found = seen(seed, objects, (200, 260))
        assert grouped(found) == plainly_grouped(found)


def test_twenty_thousand_views_are_merged_with_work_for_neighbours_alone() -> None:
    found = seen(0, 4600, (3000, 4000))
    assert 19_000 < len(found.boxes) < MOST
    began = time.process_time()
    groups = grouped(found)
    assert time.process_time() - began < 2
    assert len({position for group in groups for position in group}) == sum(map(len, groups))
    assert len(groups) < 6500


@pytest.mark.parametrize(("tile", "step"), [(96, 24), (40, 35)])
def test_groups_are_those_of_a_plain_reading_however_the_tiles_overlap(tile: int, step: int) -> None:
    for seed in range(2):
        found = seen(seed, 6, (130, 230), tile, step)
        assert grouped(found) == plainly_grouped(found)


def test_of_very_many_detections_the_best_are_kept() -> None:
    corners = np.stack(np.meshgrid(np.arange(0, 600, 4.0), np.arange(0, 560, 4.0)), axis=-1).reshape(-1, 2)
    scores = np.random.default_rng(0).permutation(np.linspace(0.1, 0.9, len(corners))).astype(np.float32)
    tiles = np.tile([[0.0, 0.0, 600.0, 560.0]], (len(corners), 1))
    found = Tiled(
        np.concatenate([corners, corners + 3], axis=1), scores, np.zeros(len(corners), int), tiles, (560, 600)
    )

    assert len(corners) == 21_000
    assert [group[0] for group in grouped(found)] == np.argsort(-scores, kind="stable")[:MOST].tolist()


def test_where_they_lie_too_densely_half_of_them_are_left_again_and_again() -> None:
    """20,000 boxes at one place are 200 million pairs; of 2,500 there are 3 million."""
    scores = np.linspace(0.9, 0.1, 20_000).astype(np.float32)
    boxes, tile = np.tile([[5.0, 5.0, 20.0, 20.0]], (20_000, 1)), np.tile([[0.0, 0.0, 60.0, 60.0]], (20_000, 1))

    assert grouped(Tiled(boxes, scores, np.zeros(20_000, int), tile, (60, 60))) == [[i] for i in range(2500)]
    assert 2500 * 2499 / 2 < MOST_PAIRS < 5000 * 4999 / 2


def test_boxes_that_are_no_numbers_or_lie_outside_are_objects_by_themselves() -> None:
    found = seen(1, 12, (200, 260))
    strange = [
        [np.nan, 0, 5, 5],
        [0, 0, np.inf, 5],
        [-1e30, -1e30, -5, -5],
        [300, 300, 310, 1e30],
        [9, 9, 9, 9],
        [9, 9, 5, 5],
    ]
    wide = Tiled(
        np.concatenate([found.boxes, strange]),
        np.concatenate([found.scores, np.full(len(strange), 0.01, np.float32)]),
        np.concatenate([found.classes, np.zeros(len(strange), np.int32)]),
        np.concatenate([found.tiles, found.tiles[: len(strange)]]),
        found.size,
    )

    own = [[position] for position in range(len(found.boxes), len(wide.boxes))]
    assert grouped(wide) == grouped(found) + own
