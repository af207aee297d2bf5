"""One list of objects from overlapping tiles: an object that several tiles show is reported once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tatara.core.boxes import areas, intersections

AGREEING = 0.5
"""Intersection over union, of two boxes or of their parts in the region that both tiles show, to be one object."""
FRAGMENT = 0.7
"""Share of a cut box inside another one, to be a part of it."""
NEAR_BORDER = 0.02
"""Share of a tile's side within which a box counts as cut by the tile's border."""


@dataclass(frozen=True)
class Tiled:
    """Objects of all tiles of one image, in its pixels.

    Attributes:
        boxes: float64 (objects, 4).
        scores: (objects,).
        classes: int (objects,).
        tiles: float64 (objects, 4), the tile that showed each.
        size: height and width of the image.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float32]
    classes: NDArray[np.int32]
    tiles: NDArray[np.float64]
    size: tuple[int, int]

    @property
    def cut(self) -> NDArray[np.bool_]:
        """Whether the tile's border runs through the object, bool (objects,)."""
        height, width = self.size
        margin = NEAR_BORDER * np.tile(self.tiles[:, 2:] - self.tiles[:, :2], 2)
        inner = np.concatenate([self.tiles[:, :2] > 0, self.tiles[:, 2:] < (width, height)], axis=1)
        near = np.abs(self.boxes - self.tiles) <= margin
        found: NDArray[np.bool_] = np.any(inner & near, axis=1)
        return found


def tiles_at(corners: Sequence[tuple[int, int]], size: tuple[int, int]) -> NDArray[np.float64]:
    """The tiles as boxes (tiles, 4), from their upper left corners (top, left).

    Tiles are of one size, and the last of a row and of a column end with the image.
    """
    starts = np.array(corners, np.float64).reshape(-1, 2)[:, ::-1]
    side = np.array(size[::-1], np.float64) - starts.max(axis=0)
    return np.concatenate([starts, starts + side], axis=1)


def grouped(found: Tiled) -> list[list[int]]:
    """Positions of the detections of each object, the best first; those that are only repetitions are in none.

    Best is the highest score, where a score counts half for a cut object. A group has several members only where all
    of them are cut: then the object is larger than a tile and lies where any of them lies.
    """
    cut = found.cut
    tiles = np.unique(found.tiles, axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(-found.scores * np.where(cut, 0.5, 1.0), kind="stable")
    near = _near(found, cut, tiles, order)
    groups: list[list[int]] = []
    group_of: dict[int, int] = {}
    for position in order.tolist():
        known = sorted({group_of[other] for other in near.get(position, ()) if other in group_of})
        home = next((i for i in known if all(tiles[one] != tiles[position] for one in groups[i])), len(groups))
        if home == len(groups):
            groups.append([])
        elif not (cut[position] and cut[groups[home][0]]):
            continue
        groups[home].append(position)
        group_of[position] = home
    return groups


def _near(
    found: Tiled, cut: NDArray[np.bool_], tiles: NDArray[np.intp], order: NDArray[np.intp]
) -> dict[int, list[int]]:
    """Position -> the positions before it in ``order`` that other tiles show of the same object."""
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order))
    pairs = _touching(found, tiles)
    first, second = np.where(rank[pairs[0]] < rank[pairs[1]], pairs, pairs[::-1])
    same = _one_object(found, cut, first, second)
    near: dict[int, list[int]] = {}
    for one, other in zip(first[same].tolist(), second[same].tolist(), strict=True):
        near.setdefault(other, []).append(one)
    return near


def _touching(found: Tiled, tiles: NDArray[np.intp]) -> NDArray[np.intp]:
    """Pairs of positions (2, pairs) of one class whose boxes share area, from tiles that do."""
    members = np.split(np.argsort(tiles, kind="stable"), np.cumsum(np.bincount(tiles))[:-1]) if len(tiles) else []
    reach = np.array([[*found.boxes[own, :2].min(axis=0), *found.boxes[own, 2:].max(axis=0)] for own in members])
    pairs = [np.empty((2, 0), np.intp)]
    for one, other in np.argwhere(np.triu(intersections(reach, reach) > 0, 1)) if members else ():
        sides = [
            own[intersections(found.boxes[own], reach[[strange]])[:, 0] > 0]
            for own, strange in ((members[one], other), (members[other], one))
        ]
        alike = found.classes[sides[0]][:, None] == found.classes[sides[1]][None]
        rows, columns = np.nonzero(alike & (intersections(*(found.boxes[side] for side in sides)) > 0))
        pairs.append(np.stack([sides[0][rows], sides[1][columns]]))
    return np.concatenate(pairs, axis=1)


def _one_object(
    found: Tiled, cut: NDArray[np.bool_], first: NDArray[np.intp], second: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Whether the detections of each pair are views of one object, bool (pairs,)."""
    boxes, tiles = (np.stack([values[first], values[second]]) for values in (found.boxes, found.tiles))
    low, high = tiles[..., :2].max(axis=0), tiles[..., 2:].min(axis=0)  # what both tiles show
    parts = np.concatenate([np.maximum(boxes[..., :2], low), np.minimum(boxes[..., 2:], high)], axis=-1)
    sizes = np.stack([areas(side) for side in boxes])
    smaller = np.where(sizes[1] < sizes[0], second, first)
    fragment = cut[smaller] & (_shared(boxes) >= FRAGMENT * sizes.min(axis=0))
    agreeing = (_overlap(boxes) >= AGREEING) | (_overlap(parts) >= AGREEING)
    same: NDArray[np.bool_] = agreeing | fragment
    return same


def _shared(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area that the boxes of each pair (2, pairs, 4) have in common."""
    sides = np.minimum(*pairs[..., 2:]) - np.maximum(*pairs[..., :2])
    found: NDArray[np.float64] = np.prod(np.maximum(sides, 0.0), axis=1)
    return found


def _overlap(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of each pair (2, pairs, 4); 0 where both are empty."""
    shared = _shared(pairs)
    union = areas(pairs[0]) + areas(pairs[1]) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def spanned(
    found: Tiled, groups: Sequence[Sequence[int]]
) -> tuple[list[Sequence[int]], dict[str, NDArray[np.generic]]]:
    """The groups in falling order of score, and ``boxes`` around each, its best ``scores`` and its ``classes``."""
    best = [found.scores[list(group)].max() for group in groups]
    ordered = [groups[i] for i in np.argsort(-np.array(best), kind="stable")]
    lows = [found.boxes[list(group), :2].min(axis=0) for group in ordered]
    highs = [found.boxes[list(group), 2:].max(axis=0) for group in ordered]
    boxes = np.concatenate([np.array(lows).reshape(-1, 2), np.array(highs).reshape(-1, 2)], axis=1)
    scores = np.array([found.scores[list(group)].max() for group in ordered], np.float32)
    classes = np.array([found.classes[group[0]] for group in ordered], np.int32)
    return ordered, {"boxes": boxes.astype(np.float32), "scores": scores, "classes": classes}
