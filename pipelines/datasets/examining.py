"""One annotated image, decoded and measured, with its annotation turned upright."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipelines.datasets.annotated import Mark, Picture, Rle
from pipelines.datasets.canonical import Object
from pipelines.datasets.label_values import read_values
from pipelines.datasets.measuring import Measurements, measure_content
from pipelines.datasets.orientation import UPRIGHT, needed_turn, orientation_of, turn_box, turn_mask


@dataclass(frozen=True)
class Examined:
    """What is known of an image.

    Attributes:
        picture, measured: the image.
        objects: in the upright image.
        turn: the EXIF orientation by which its annotation is turned upright; a label mask has yet to be.
        pixels: value -> pixels of its label mask.
        fault: why its annotation cannot be used, one line.
    """

    picture: Picture
    measured: Measurements
    objects: tuple[Object, ...] = ()
    turn: int = UPRIGHT
    pixels: dict[int, int] | None = None
    fault: str | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, upright."""
        return int(self.measured.width), int(self.measured.height)


def examine(picture: Picture, with_masks: bool) -> Examined:
    """Read an image and bring its annotation into its upright frame. Never raises for what is wrong with either.

    ``with_masks`` says whether objects keep their masks; a box comes from the mask where it is not given.
    """
    content = picture.file.read_bytes()
    found = Examined(picture, measure_content(content))
    if found.measured.decode_error:
        return found
    width, height = found.size
    turn = needed_turn(orientation_of(content), (width, height), picture.size)
    if turn is None:
        of = "x".join(map(str, picture.size or ()))
        return replace(found, fault=f"{picture.file}: is {width}x{height} pixels, its annotation is for {of}")
    stored = (width, height) if turn == UPRIGHT else (height, width)
    found = replace(found, turn=turn)
    if picture.mask is not None:
        return _with_mask(found, stored)
    objects = []
    for number, mark in enumerate(picture.marks):
        try:
            objects.append(_object(mark, *stored, turn, with_masks))
        except ValueError as error:
            return replace(found, fault=f"{picture.file}: object {number} ({mark.label}): {error}")
    return replace(found, objects=tuple(objects))


def _with_mask(found: Examined, stored: tuple[int, int]) -> Examined:
    assert found.picture.mask is not None
    try:
        values = read_values(found.picture.mask, found.picture.legend)
    except ValueError as error:
        return replace(found, fault=f"{found.picture.file}: {error}")
    if values.shape[::-1] != stored:
        of = "x".join(map(str, values.shape[::-1]))
        return replace(found, fault=f"{found.picture.file}: is {stored[0]}x{stored[1]} pixels, its mask is {of}")
    counts = np.bincount(values.ravel(), minlength=256)
    return replace(found, pixels={int(value): int(counts[value]) for value in np.flatnonzero(counts)})


def _object(mark: Mark, width: int, height: int, turn: int, with_masks: bool) -> Object:
    """The object of a mark in the stored picture of that size."""
    rle = None
    if mark.mask is not None and (with_masks or mark.box is None):
        rle = _turned(mark.mask(height, width), turn)
    box = turn_box(mark.box, turn, width, height) if mark.box is not None else _bounds(rle)
    if rle is None or not with_masks:
        area = max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
        return Object(mark.label, box, mark.crowd, None, area)
    from pycocotools import mask

    return Object(mark.label, box, mark.crowd, rle["counts"].decode(), float(mask.area(rle)))


def _turned(rle: Rle, turn: int) -> Rle:
    from pycocotools import mask

    if turn == UPRIGHT:
        return rle
    turned: Rle = mask.encode(np.asfortranarray(turn_mask(mask.decode(rle), turn)))
    return turned


def _bounds(rle: Any) -> tuple[float, float, float, float]:
    from pycocotools import mask

    left, top, width, height = map(float, mask.toBbox(rle))
    return left, top, left + width, top + height
