"""What the kinds share that answer with a list of objects: typed boxes, selection by request, and comparison."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tatara.core.boxes import iou_of_pairs, matched
from tatara.core.contract import Contract, Finished, Strict
from tatara.core.stitching import Tiled, tiles_at

MOST = 1000
"""Objects that one answer lists at most."""
UNMATCHED = 0.03
"""Share of the objects, on average, that one of two sound answers may have alone: where two boxes overlap by just what
suppression or the merging of tiles allows, rounding decides whether one of them goes. A graph that converted wrongly
loses many."""
APART, ALIKE, OVERLAP = 0.5, 1e-3, 0.8
"""Two boxes of one class further apart than this in pixels are two objects, of which either answer kept another one, if
their scores are as near as this, so that rounding says which, or they overlap by less than this IoU."""


class ObjectOptions(Strict):
    """Which objects a request wants."""

    score: float = Field(0.5, ge=0, le=1, allow_inf_nan=False, description="least score of an object that is listed")
    classes: tuple[str, ...] = Field((), description="only objects of these classes; all where none is named")
    top: int = Field(100, ge=1, le=MOST, description="objects listed at most, the best first")


class Box(Strict):
    """Edges in pixels of the upright image; those at the right and below are exclusive."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float


class DetectedObject(Strict):
    """One object: its class, how sure the model is, and where it lies."""

    label: str
    score: float = Field(ge=0, le=1)
    box: Box


def selected(contract: Contract, finished: Finished, options: ObjectOptions) -> NDArray[np.intp]:
    """Positions of the objects asked for, the best first. A score of 0 marks a row that holds no object."""
    scores, classes = finished["scores"], finished["classes"]
    wanted = (scores >= np.float32(options.score)) & (scores > 0)
    if options.classes:
        wanted &= np.isin(classes, [contract.labels.index(label) for label in options.classes])
    order = np.argsort(-scores, kind="stable")
    found: NDArray[np.intp] = order[wanted[order]][: options.top]
    return found


def present(finished: Finished) -> NDArray[np.intp]:
    """Positions of the rows that hold an object; a score that is no number counts as one."""
    return np.nonzero(~(finished["scores"] <= 0))[0]


def described(contract: Contract, finished: Finished, position: int) -> dict[str, Any]:
    """``label``, ``score`` and ``box`` of one object."""
    edges = (round(float(edge), 2) for edge in finished["boxes"][position])
    return {
        "label": contract.labels[int(finished["classes"][position])],
        "score": min(float(finished["scores"][position]), 1.0),
        "box": Box(**dict(zip(("x_min", "y_min", "x_max", "y_max"), edges, strict=True))),
    }


def told(found: Sequence[DetectedObject], threshold: float, shown: int = 4) -> str:
    """The objects in one line."""
    if not found:
        return f"no object scores {threshold:.0%} or more"
    first = ", ".join(f"{one.label} {one.score:.1%}" for one in found[:shown])
    more = f", and {len(found) - shown} more" if len(found) > shown else ""
    return f"{len(found)} object{'s' if len(found) > 1 else ''}: {first}{more}"


def paired(expected: Finished, actual: Finished) -> tuple[list[tuple[int, int]], dict[str, float]]:
    """Objects of two answers that are the same ones, and how far apart these lie.

    Returns:
        Pairs of positions, and ``box`` (pixels, the largest), ``score`` (the largest) and ``unmatched`` (the share of
        the objects that one answer alone has, up to 2 where there are as many in each). An object is not counted that
        the other answer may have lost to rounding: both list equally many, and it scores like the other's last one.
        What `APART` tells from each other is no pair: each answer has one of the two alone.
    """
    sides = [_of_objects(finished) for finished in (expected, actual)]
    pairs = matched(*(values for side in sides for values in (side["boxes"], side["classes"])))
    first, second = (np.array([pair[side] for pair in pairs], np.intp) for side in (0, 1))
    places = sides[0]["boxes"][first], sides[1]["boxes"][second]
    boxes = np.abs(places[0] - places[1]).max(axis=1, initial=0.0)
    scores = np.abs(sides[0]["scores"][first] - sides[1]["scores"][second])
    same = ~((boxes > APART) & ((scores <= ALIKE) | (iou_of_pairs(*places) < OVERLAP)))
    pairs, boxes, scores = [pair for pair, kept in zip(pairs, same, strict=True) if kept], boxes[same], scores[same]
    apart = {
        "box": float(boxes.max(initial=0.0)),
        "score": float(scores.max(initial=0.0)),
        "unmatched": _unmatched(sides, pairs) / max(1, *(len(side["rows"]) for side in sides)),
    }
    if not all(np.isfinite(side[name]).all() for side in sides for name in ("boxes", "scores")):
        apart = dict.fromkeys(apart, float("inf"))
    rows = [side["rows"] for side in sides]
    return [(int(rows[0][one]), int(rows[1][other])) for one, other in pairs], apart


def _of_objects(finished: Finished) -> dict[str, NDArray[Any]]:
    """The rows that hold an object, in float64, and their positions."""
    rows = present(finished)
    return {
        "rows": rows,
        "boxes": finished["boxes"][rows].astype(np.float64),
        "scores": finished["scores"][rows].astype(np.float64),
        "classes": finished["classes"][rows].astype(np.int64),
    }


def _unmatched(
    sides: Sequence[dict[str, NDArray[Any]]], pairs: Sequence[tuple[int, int]], rounding: float = 1e-3
) -> int:
    count = 0
    equally_many = len(sides[0]["rows"]) == len(sides[1]["rows"])
    for side, other in ((0, 1), (1, 0)):
        left = np.delete(sides[side]["scores"], [pair[side] for pair in pairs])
        last = sides[other]["scores"].min(initial=np.inf) if equally_many else -np.inf
        count += int((left > last + rounding).sum())
    return count


def tiled(parts: Sequence[tuple[Finished, tuple[int, int]]], size: tuple[int, int]) -> Tiled:
    """The objects of all tiles in the image's pixels, from each tile's answer and its (top, left)."""
    tiles = tiles_at([corner for _, corner in parts], size)
    found = [_of_objects(finished) for finished, _ in parts]
    shifts = [np.tile(tile[:2], 2) for tile in tiles]
    return Tiled(
        boxes=np.concatenate([one["boxes"] + shift for one, shift in zip(found, shifts, strict=True)]),
        scores=np.concatenate([one["scores"] for one in found]).astype(np.float32),
        classes=np.concatenate([one["classes"] for one in found]).astype(np.int32),
        tiles=np.repeat(tiles, [len(one["rows"]) for one in found], axis=0),
        size=size,
    )
