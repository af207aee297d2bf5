"""Boxes ``x_min, y_min, x_max, y_max`` with exclusive upper edges: areas, overlap, and which of two lists belong
together."""

import numpy as np
from numpy.typing import NDArray

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


def matched(
    first: Boxes, first_classes: NDArray[np.integer], second: Boxes, second_classes: NDArray[np.integer]
) -> list[tuple[int, int]]:
    """Pairs of one class that overlap by an IoU of 0.5 or lie within half a pixel, the nearest first, each box once."""
    apart = np.abs(first[:, None] - second[None]).max(axis=2, initial=0.0)
    near = (iou(first, second) >= 0.5) | (apart <= 0.5)
    rows, columns = np.nonzero(near & (first_classes[:, None] == second_classes[None]))
    pairs: list[tuple[int, int]] = []
    taken: tuple[set[int], set[int]] = (set(), set())
    for at in np.argsort(apart[rows, columns], kind="stable"):
        row, column = int(rows[at]), int(columns[at])
        if row not in taken[0] and column not in taken[1]:
            pairs.append((row, column))
            taken[0].add(row)
            taken[1].add(column)
    return pairs
