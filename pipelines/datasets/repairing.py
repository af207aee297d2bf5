"""Objects put right: clipped to their image, or dropped."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.datasets.canonical import Object


def repaired(
    objects: Sequence[Object], width: int, height: int, file: Path, classes: Sequence[str]
) -> tuple[list[Object], list[str]]:
    """The objects inside the image that have an area and a class of ``classes``; and a line for each that was changed.

    A box is clipped to the image; what has no area then, or a mask without a pixel, is dropped.
    """
    kept, changes = [], []
    for number, one in enumerate(objects):
        named = f"{file}: object {number} ({one.label})"
        x_min, y_min, x_max, y_max = one.box
        box = (max(x_min, 0.0), max(y_min, 0.0), min(x_max, float(width)), min(y_max, float(height)))
        if one.label not in classes:
            changes.append(f"{named}: dropped, of no class in classes=")
        elif box[2] <= box[0] or box[3] <= box[1]:
            changes.append(f"{named}: dropped, {_words(one.box)} has no area in the image")
        elif one.area <= 0:
            changes.append(f"{named}: dropped, its mask has no pixel")
        elif box == one.box:
            kept.append(one)
        else:
            changes.append(f"{named}: {_words(one.box)} clipped to {_words(box)}")
            area = one.area if one.counts is not None else (box[2] - box[0]) * (box[3] - box[1])
            kept.append(replace(one, box=box, area=area))
    return kept, changes


def _words(box: tuple[float, float, float, float]) -> str:
    return f"box {', '.join(f'{edge:g}' for edge in box)}"
