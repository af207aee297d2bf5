"""One list of objects from overlapping tiles: an object that several tiles show is reported once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tatara.core.boxes import areas, clipped, intersections, iou

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
    groups: list[list[int]] = []
    for position in np.argsort(-found.scores * np.where(cut, 0.5, 1.0), kind="stable"):
        group = next((group for group in groups if _joins(found, cut, group, int(position))), None)
        if group is None:
            groups.append([int(position)])
        elif cut[position] and cut[group[0]]:
            group.append(int(position))
    return groups


def _joins(found: Tiled, cut: NDArray[np.bool_], group: list[int], position: int) -> bool:
    """Whether another tile's view of the group's object is what the detection at ``position`` is."""
    if found.classes[group[0]] != found.classes[position]:
        return False
    if any(np.array_equal(found.tiles[member], found.tiles[position]) for member in group):
        return False
    return any(_one_object(found, cut, member, position) for member in group)


def _one_object(found: Tiled, cut: NDArray[np.bool_], first: int, second: int) -> bool:
    pair, tiles = found.boxes[[first, second]], found.tiles[[first, second]]
    shared = float(intersections(pair[:1], pair[1:])[0, 0])
    if shared == 0:
        return False
    seen_by_both = np.concatenate([tiles[:, :2].max(axis=0), tiles[:, 2:].min(axis=0)])
    parts = clipped(pair, seen_by_both)
    smaller = (first, second)[int(areas(pair).argmin())]
    return bool(
        iou(pair[:1], pair[1:])[0, 0] >= AGREEING
        or iou(parts[:1], parts[1:])[0, 0] >= AGREEING
        or (cut[smaller] and shared >= FRAGMENT * areas(pair).min())
    )


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
