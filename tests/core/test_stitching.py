"""Objects of overlapping tiles: the groups are those of a plain pair-by-pair reading, and many are no burden."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tatara.core.boxes import areas, clipped, intersections, iou
from tatara.core.stitching import Tiled, grouped

TILE, STEP = 96, 72


def seen(seed: int, objects: int, size: tuple[int, int]) -> Tiled:
    """What tiles show of random objects, each view shifted by a little; scores in steps, so that some are equal."""
    generator = np.random.default_rng(seed)
    corners = generator.uniform(0, (size[1] - 5, size[0] - 5), (objects, 2))
    whole = np.concatenate([corners, corners + generator.uniform(4, 1.2 * TILE, (objects, 2))], axis=1)
    classes = generator.integers(0, 3, objects)
    tops, lefts = (sorted({min(start, side - TILE) for start in range(0, side, STEP)}) for side in size)
    views = [
        _views(generator, whole, classes, np.array([x, y, x + TILE, y + TILE], float)) for y in tops for x in lefts
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
    """Pair by pair this takes hours; the limit on a test's time is the guard."""
    found = seen(0, 9000, (3000, 4000))
    assert len(found.boxes) > 20_000
    groups = grouped(found)
    assert len({position for group in groups for position in group}) == sum(map(len, groups))
    assert len(groups) < 12_000
