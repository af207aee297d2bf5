"""Objects put right: clipped to their image, or dropped."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from pipelines.datasets.annotated import Box
from pipelines.datasets.canonical import Object

LEAST_SIDE = 1.0
"""Pixels of a box's width and height below which it shows nothing."""
LEAST_OVERLAP = 0.5
"""IoU of a box and the extent of its mask below which the mask is believed."""


def repaired(
    objects: Collection[Object], width: int, height: int, classes: Collection[str] | None
) -> tuple[list[Object], list[str]]:
    """The objects with their boxes inside the image, and a line for each that was changed or dropped.

    A box is clipped to the image; where it contradicts the mask it becomes that of the mask. What is then narrower or
    lower than a pixel is dropped, as is a mask without a pixel and what is of none of ``classes``, where these are
    given.
    """
    kept, changes = [], []
    for number, one in enumerate(objects):
        named = f"object {number} ({one.label})"
        if classes is not None and one.label not in classes:
            changes.append(f"{named}: dropped, of no class in classes=")
            continue
        if one.counts is not None and one.area <= 0:
            changes.append(f"{named}: dropped, its mask has no pixel")
            continue
        box = _clipped(one, width, height)
        if _too_small(box):
            changes.append(f"{named}: dropped, {_words(one.box)} has less than a pixel in the image")
            continue
        if box != one.box:
            changes.append(f"{named}: {_words(one.box)} became {_words(box)}")
        area = one.area if one.counts is not None else _area(box)
        kept.append(replace(one, box=box, area=area))
    return kept, changes


def _clipped(one: Object, width: int, height: int) -> Box:
    x_min, y_min, x_max, y_max = one.box
    box = (max(x_min, 0.0), max(y_min, 0.0), min(x_max, float(width)), min(y_max, float(height)))
    if one.counts is None:
        return box
    extent = _extent({"size": [height, width], "counts": one.counts.encode()})
    return extent if _too_small(box) or _overlap(box, extent) < LEAST_OVERLAP else box


def _extent(rle: Any) -> Box:
    from pycocotools import mask

    left, top, width, height = map(float, mask.toBbox(rle))
    return left, top, left + width, top + height


def _too_small(box: Box) -> bool:
    return box[2] - box[0] < LEAST_SIDE or box[3] - box[1] < LEAST_SIDE


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    across, down = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    both = max(across, 0.0) * max(down, 0.0)
    return both / (_area(one) + _area(other) - both)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _words(box: Box) -> str:
    return f"box {', '.join(f'{edge:g}' for edge in box)}"
