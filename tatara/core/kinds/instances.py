"""Instances: a labelled box and a mask for each object, with a score."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from tatara.core import masks, objects, painting
from tatara.core.contract import Contract, Finished, Strict
from tatara.core.kinds import Finish
from tatara.core.masks import Bits, Form, Mask, Masks, Rle
from tatara.core.objects import DetectedObject, ObjectOptions
from tatara.core.runs import Corner
from tatara.core.stitching import grouped, spanned

TOLERANCES = {"box": 0.5, "score": 1e-3, "unmatched": objects.UNMATCHED, "mask": 1e-3}
GOLDEN_TOLERANCES = {"box": 0.5, "score": 2e-3, "unmatched": objects.UNMATCHED, "mask": 1e-3}
SCORE, DECISION = "score", "unmatched"
ON_AVERAGE = ("unmatched",)

AT_ONCE = 24_000_000
"""Pixels of masks that are made at once; each takes some six bytes then."""


class Options(ObjectOptions):
    """Parameters of a request."""

    masks: Form = Field("rle", description="form of the masks")


class Instance(DetectedObject):
    """One object with its mask."""

    mask: Mask | None = Field(None, description="in the form asked for")


class Answer(Strict):
    """The answer for one image: its size in pixels, upright, and its objects in falling order of score."""

    width: int
    height: int
    threshold: float = Field(description="least score that was asked for; objects below it are not listed")
    objects: tuple[Instance, ...]


def answer(contract: Contract, finished: Finished, options: Options, size: tuple[int, int]) -> Answer:
    """The typed answer for one image; its masks are packed one at a time.

    Args:
        contract: of the model.
        finished: ``boxes`` float32 (detections, 4), ``scores`` (detections,), ``classes`` int32 (detections,) and
            ``masks`` uint8 (detections, height, width) of 0 and 1.
        options: of the request.
        size: height and width of the image.
    """
    found = []
    for row in objects.selected(contract, finished, options):
        mask = None if options.masks == "none" else masks.pack(_mask(finished, int(row)), options.masks)
        found.append(Instance(mask=mask, **objects.described(contract, finished, int(row))))
    return Answer(width=size[1], height=size[0], threshold=options.score, objects=tuple(found))


def overlay(
    pixels: NDArray[np.uint8], answer: Answer, labels: Sequence[str] = (), side: int | None = None
) -> Image.Image:
    """The picture with its masks and boxes; of very many objects, those that have a mask get no box.

    Args:
        pixels: decoded, ``uint8 (height, width, 3)``.
        answer: to it.
        labels: of the model, so that a class has the same colour in every picture.
        side: of the picture, its longer one; the image's own by default.
    """
    canvas = painting.Canvas(pixels, side)
    colours = painting.colours(labels or sorted({one.label for one in answer.objects}))
    for one in reversed(answer.objects):
        if one.mask is not None:
            mask = one.mask if isinstance(one.mask, Rle) else masks.unpack(one.mask, pixels.shape[:2])
            painting.region(canvas, mask, colours[one.label])
    cluttered = len(answer.objects) > painting.CLUTTERED
    painting.boxes(canvas, [one for one in answer.objects if one.mask is None or not cluttered], colours)
    painting.names(canvas, answer.objects, colours)
    return canvas.picture


def line(answer: Answer) -> str:
    """The answer in one line."""
    return objects.told(answer.objects, answer.threshold)


def differences(expected: Finished, actual: Finished) -> dict[str, float]:
    """How far two answers to one image lie apart, by the names in `TOLERANCES`; objects of near scores may swap places.

    ``box`` is in pixels, ``unmatched`` is the share of the objects that one answer alone has, ``mask`` the largest
    share of the image's pixels in which two masks of one object differ.
    """
    pairs, apart = objects.paired(expected, actual)
    shares = [float((expected["masks"][one] != actual["masks"][other]).mean()) for one, other in pairs]
    return apart | {"mask": max(shares, default=0.0)}


def finished(
    contract: Contract, finish: Finish, outputs: Finished, size: tuple[int, int], options: Options | None = None
) -> Finished:
    """What ``finish`` makes of one example's outputs, a few objects at a time, the masks as `Masks`.

    A mask takes as many bytes as the image has pixels, and several times that while it is made: all those of a large
    photograph at once would fill the memory.

    Args:
        contract: of the model.
        finish: outputs -> finished answer; it leaves out rows of score 0.
        outputs: ``scores`` (detections,), ``classes`` (detections,) and what else ``finish`` needs of each object.
        size: height and width of the image.
        options: of the request, where only the objects that it asks for are needed.
    """
    rows = objects.present(outputs) if options is None else objects.selected(contract, outputs, options)
    each = max(1, AT_ONCE // (size[0] * size[1]))
    parts = [_packed(finish(_only(outputs, rows[start : start + each]))) for start in range(0, len(rows), each)]
    parts = parts or [_packed(finish(_only(outputs, rows)))]
    kept = {name: np.concatenate([part[name] for part in parts]) for name in ("boxes", "scores", "classes")}
    return {**kept, "masks": Masks(size, [one for part in parts for one in part["masks"].packed])}  # type: ignore[dict-item]


def _only(outputs: Finished, rows: NDArray[np.intp]) -> Finished:
    """The outputs with ``rows`` first and a score of 0 for all others."""
    order = np.concatenate([rows, np.setdiff1d(np.arange(len(outputs["scores"])), rows)])
    found = {name: values[order] for name, values in outputs.items()}
    found["scores"][len(rows) :] = 0
    return found


def _packed(found: Finished) -> dict[str, Any]:
    rows, size = objects.present(found), found["masks"].shape[1:]
    kept = {name: found[name][rows] for name in ("boxes", "scores", "classes")}
    return {**kept, "masks": Masks(size, [masks.encode(found["masks"][row]) for row in rows])}


def merge(parts: Sequence[tuple[Finished, tuple[int, int]]], size: tuple[int, int]) -> Finished:
    """One answer from those to overlapping tiles, each with its (top, left), for an image of ``size`` (height, width).

    An object that several tiles show is reported once, one that no tile shows whole as its parts together. The masks
    come as `Masks`: one of them is in memory at a time.
    """
    found = objects.tiled(parts, size)
    sources = [(part, int(row)) for part, (one, _) in enumerate(parts) for row in objects.present(one)]
    ordered, fields = spanned(found, grouped(found))
    packed = []
    for group in ordered:
        own = [
            (masks.cropped(_mask(parts[part][0], row)), parts[part][1]) for part, row in map(sources.__getitem__, group)
        ]
        packed.append(
            masks.placed(*_together([(mask, (top + y, left + x)) for (mask, (top, left)), (y, x) in own]), size)
        )
    return {**fields, "masks": Masks(size, packed)}  # type: ignore[dict-item]


def _mask(finished: Finished, row: int) -> Bits | Rle:
    found: Any = finished["masks"]
    mask: Bits | Rle = found.at(row) if isinstance(found, Masks) else found[row]
    return mask


def _together(views: Sequence[tuple[Bits, Corner]]) -> tuple[Bits, Corner]:
    """Parts of one mask, each with its top and left, as one part: no more is made than the box around them."""
    views = [view for view in views if view[0].size] or views[:1]
    top, left = (min(corner[axis] for _, corner in views) for axis in (0, 1))
    bottom, right = (max(corner[axis] + mask.shape[axis] for mask, corner in views) for axis in (0, 1))
    whole = np.zeros((bottom - top, right - left), np.uint8)
    for mask, (y, x) in views:
        whole[y - top : y - top + mask.shape[0], x - left : x - left + mask.shape[1]] |= mask
    return whole, (top, left)
