"""Boxes ``x_min, y_min, x_max, y_max`` with exclusive upper edges: areas, overlap, and which of two lists belong
together."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tatara.core.sweep import swept

Boxes = NDArray[np.float64]


def areas(boxes: Boxes) -> NDArray[np.float64]:
    """Area by box (boxes,); 0 where an upper edge does not lie above the lower one."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    found: NDArray[np.float64] = sides[:, 0] * sides[:, 1]
    return found


def clipped(boxes: Boxes, region: NDArray[np.float64]) -> Boxes:
    """The part of each box inside ``region``, itself a box."""
    return np.concatenate([np.maximum(boxes[:, :2], region[:2]), np.minimum(boxes[:, 2:], region[2:])], axis=1)


def intersections(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Area that each pair shares, float64 (first, second)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.clip(high - low, 0, None)
    found: NDArray[np.float64] = sides[..., 0] * sides[..., 1]
    return found


def iou(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of each pair, float64 (first, second); 0 where both are empty."""
    shared = intersections(first, second)
    union = areas(first)[:, None] + areas(second)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def iou_of_pairs(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of each of ``first`` with the one of ``second`` in its row (boxes,)."""
    parts = areas(np.concatenate([np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, 2:], second[:, 2:])], 1))
    union = areas(first) + areas(second) - parts
    return np.divide(parts, union, out=np.zeros_like(parts), where=union > 0)


def matched(
    first: Boxes, first_classes: NDArray[np.integer], second: Boxes, second_classes: NDArray[np.integer]
) -> list[tuple[int, int]]:
    """Pairs of one class that overlap by an IoU of 0.5 or lie within half a pixel, the nearest first, each box once."""
    near = [pair for some in _candidates(first, first_classes, second, second_classes) for pair in some.T.tolist()]
    rows, columns = np.array(sorted(near), np.intp).reshape(-1, 2).T
    pairs: list[tuple[int, int]] = []
    taken: tuple[set[int], set[int]] = (set(), set())
    apart = np.abs(first[rows] - second[columns]).max(axis=1, initial=0.0)
    for at in np.argsort(apart, kind="stable"):
        row, column = int(rows[at]), int(columns[at])
        if row not in taken[0] and column not in taken[1]:
            pairs.append((row, column))
            taken[0].add(row)
            taken[1].add(column)
    return pairs


def _candidates(
    first: Boxes, first_classes: NDArray[np.integer], second: Boxes, second_classes: NDArray[np.integer]
) -> Iterator[NDArray[np.intp]]:
    """Rows and columns (2, pairs) of those that `matched` chooses from, some at a time."""
    both, classes = np.concatenate([first, second]), np.concatenate([first_classes, second_classes])
    wide = np.sort(both.reshape(-1, 2, 2), axis=1).reshape(-1, 4) + np.array([-0.25, -0.25, 0.25, 0.25])
    right, bottom = np.max(wide[:, 2:], axis=0, initial=1.0, where=np.isfinite(wide[:, 2:]))
    for pair in swept(wide, classes, (int(bottom) + 1, int(right) + 1)).pairs():
        low, high = np.sort(pair, axis=0)
        across = (low < len(first)) & (high >= len(first))
        low, high = low[across], high[across]
        one, other = both[low], both[high]
        near = (np.abs(one - other).max(axis=1, initial=0.0) <= 0.5) | (iou_of_pairs(one, other) >= 0.5)
        yield np.stack([low[near], high[near] - len(first)])
