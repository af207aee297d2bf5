"""One list of objects from overlapping tiles: an object that several tiles show is reported once."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from tatara.core.boxes import areas
from tatara.core.sweep import swept

AGREEING = 0.5
"""Intersection over union, of two boxes or of their parts in the region that both tiles show, to be one object."""
FRAGMENT = 0.7
"""Share of a cut box inside another one, to be a part of it."""
NEAR_BORDER = 0.02
"""Share of a tile's side within which a box counts as cut by the tile's border."""
MOST = 20_000
"""Detections of one image that are merged, the best; the others are dropped."""
MOST_PAIRS = 10_000_000
"""Pairs of detections that are compared; where they lie so densely that there are more, half of them are dropped."""


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
    of them are cut: then the object is larger than a tile and lies where any of them lies. Of very many detections the
    best are looked at alone, see `MOST` and `MOST_PAIRS`.
    """
    cut = found.cut
    tiles = np.unique(found.tiles, axis=0, return_inverse=True)[1].ravel()
    best, before = _compared(found, cut, tiles)
    groups: list[list[int]] = []
    seen: list[set[int]] = []
    home = np.full(len(best), -1)
    for rank, position in enumerate(best.tolist()):
        known = np.unique(home[before[rank]]).tolist() if len(before[rank]) else ()
        own = next((i for i in known if i >= 0 and tiles[position] not in seen[i]), len(groups))
        if own == len(groups):
            groups.append([])
            seen.append(set())
        elif not (cut[position] and cut[groups[own][0]]):
            continue
        groups[own].append(position)
        seen[own].add(int(tiles[position]))
        home[rank] = own
    return groups


def _compared(
    found: Tiled, cut: NDArray[np.bool_], tiles: NDArray[np.intp]
) -> tuple[NDArray[np.intp], list[NDArray[np.intp]]]:
    """The positions that are looked at, the best first, and of each the ranks before it that are the same object's."""
    best = np.argsort(-found.scores * np.where(cut, 0.5, 1.0), kind="stable")[:MOST]
    while (near := swept(found.boxes[best], found.classes[best], found.size)).cost > MOST_PAIRS:
        best = best[: len(best) // 2]
    views = Tiled(found.boxes[best], found.scores[best], found.classes[best], found.tiles[best], found.size)
    pairs = [np.empty((2, 0), np.intp)]
    for one, other in near.pairs():
        apart = np.nonzero(tiles[best[one]] != tiles[best[other]])[0]
        ranks = np.sort([one[apart], other[apart]], axis=0)
        pairs.append(ranks[:, _one_object(views, cut[best], ranks[0], ranks[1])])
    earlier, later = np.concatenate(pairs, axis=1)
    order = np.argsort(later, kind="stable")
    return best, np.split(earlier[order], np.searchsorted(later[order], np.arange(1, len(best)))) if len(best) else []


def _one_object(
    found: Tiled, cut: NDArray[np.bool_], first: NDArray[np.intp], second: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Whether the detections of each pair are views of one object, bool (pairs,)."""
    boxes = np.stack([found.boxes[first], found.boxes[second]])
    before, touching = len(first), np.nonzero(_shared(boxes) > 0)[0]
    first, second, boxes = first[touching], second[touching], boxes[:, touching]
    tiles = np.stack([found.tiles[first], found.tiles[second]])
    low, high = tiles[..., :2].max(axis=0), tiles[..., 2:].min(axis=0)  # what both tiles show
    parts = np.concatenate([np.maximum(boxes[..., :2], low), np.minimum(boxes[..., 2:], high)], axis=-1)
    sizes = np.stack([areas(side) for side in boxes])
    smaller = np.where(sizes[1] < sizes[0], second, first)
    fragment = cut[smaller] & (_shared(boxes) >= FRAGMENT * sizes.min(axis=0))
    same = np.zeros(before, bool)
    same[touching] = fragment | (_overlap(boxes) >= AGREEING) | (_overlap(parts) >= AGREEING)
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
    if not groups:
        none = {
            "boxes": np.zeros((0, 4), np.float32),
            "scores": np.zeros(0, np.float32),
            "classes": np.zeros(0, np.int32),
        }
        return [], dict(none)
    members, starts = _flat(groups)
    order = np.argsort(-np.maximum.reduceat(found.scores[members], starts), kind="stable")
    ordered = [groups[i] for i in order]
    members, starts = _flat(ordered)
    lows = np.minimum.reduceat(found.boxes[members, :2], starts)
    highs = np.maximum.reduceat(found.boxes[members, 2:], starts)
    scores = np.maximum.reduceat(found.scores[members], starts)
    boxes = np.concatenate([lows, highs], axis=1).astype(np.float32)
    return ordered, {"boxes": boxes, "scores": scores, "classes": found.classes[members[starts]]}


def _flat(groups: Sequence[Sequence[int]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All members, and where each group begins among them."""
    sizes = np.array([len(group) for group in groups], np.intp)
    return np.array(list(chain.from_iterable(groups)), np.intp), np.cumsum(sizes) - sizes
