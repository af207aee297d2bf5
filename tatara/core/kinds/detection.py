"""Detection: a labelled box for each object, with a score."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from tatara.core import objects, painting
from tatara.core.contract import Contract, Finished, Strict
from tatara.core.kinds import Finish
from tatara.core.objects import DetectedObject, ObjectOptions
from tatara.core.stitching import grouped, spanned

TOLERANCES = {"box": 0.5, "score": 1e-3, "unmatched": objects.UNMATCHED}
GOLDEN_TOLERANCES = {"box": 0.5, "score": 2e-3, "unmatched": objects.UNMATCHED}
SCORE, DECISION = "score", "unmatched"
ON_AVERAGE = ("unmatched",)


class Options(ObjectOptions):
    """Parameters of a request."""


class Answer(Strict):
    """The answer for one image: its size in pixels, upright, and its objects in falling order of score."""

    width: int
    height: int
    threshold: float = Field(description="least score that was asked for; objects below it are not listed")
    objects: tuple[DetectedObject, ...]


def answer(contract: Contract, finished: Finished, options: Options, size: tuple[int, int]) -> Answer:
    """The typed answer for one image.

    Args:
        contract: of the model.
        finished: ``boxes`` float32 (detections, 4), ``scores`` (detections,), ``classes`` int32 (detections,).
        options: of the request.
        size: height and width of the image.
    """
    rows = objects.selected(contract, finished, options)
    found = tuple(DetectedObject(**objects.described(contract, finished, int(row))) for row in rows)
    return Answer(width=size[1], height=size[0], threshold=options.score, objects=found)


def overlay(
    pixels: NDArray[np.uint8], answer: Answer, labels: Sequence[str] = (), side: int | None = None
) -> Image.Image:
    """The picture with its boxes.

    Args:
        pixels: decoded, ``uint8 (height, width, 3)``.
        answer: to it.
        labels: of the model, so that a class has the same colour in every picture.
        side: of the picture, its longer one; the image's own by default.
    """
    canvas = painting.Canvas(pixels, side)
    colours = painting.colours(labels or sorted({one.label for one in answer.objects}))
    painting.boxes(canvas, answer.objects, colours)
    painting.names(canvas, answer.objects, colours)
    return canvas.picture


def line(answer: Answer) -> str:
    """The answer in one line."""
    return objects.told(answer.objects, answer.threshold)


def differences(expected: Finished, actual: Finished) -> dict[str, float]:
    """How far two answers to one image lie apart, by the names in `TOLERANCES`; objects of near scores may swap places.

    ``box`` is in pixels, ``unmatched`` is the share of the objects that one answer alone has.
    """
    return objects.paired(expected, actual)[1]


def finished(
    contract: Contract, finish: Finish, outputs: Finished, size: tuple[int, int], options: Options | None = None
) -> Finished:
    """What ``finish`` makes of one example's outputs: it is small as it is."""
    return finish(outputs)


def merge(parts: Sequence[tuple[Finished, tuple[int, int]]], size: tuple[int, int]) -> Finished:
    """One answer from those to overlapping tiles, each with its (top, left), for an image of ``size`` (height, width).

    An object that several tiles show is reported once, one that no tile shows whole as the box around its parts.
    """
    found = objects.tiled(parts, size)
    return dict(spanned(found, grouped(found))[1])
