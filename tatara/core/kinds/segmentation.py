"""Segmentation: a class for every pixel, with a confidence."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from tatara.core import masks, painting
from tatara.core.contract import Contract, Finished, Strict
from tatara.core.kinds import Finish
from tatara.core.masks import Form, Mask

TOLERANCES = {"labels": 1e-3, "confidence": 1e-3}
GOLDEN_TOLERANCES = {"labels": 1e-3, "confidence": 2e-3}
SCORE, DECISION = "confidence", "labels"
ON_AVERAGE = ()
LEFT_OUT = 255
"""Value in a label mask of the pixels that are of no class asked for, or not sure enough."""


class Options(Strict):
    """Parameters of a request."""

    score: float = Field(
        0.0, ge=0, le=1, allow_inf_nan=False, description="least confidence of a pixel that is given a class"
    )
    classes: tuple[str, ...] = Field((), description="only these classes; all where none is named")
    masks: Form = Field(
        "png", description="form of the masks: png is one label mask for the image, others are by class"
    )


class Region(Strict):
    """All pixels of one class."""

    label: str
    value: int = Field(description="of its pixels in the label mask")
    pixels: int
    share: float = Field(ge=0, le=1, description="of the image's pixels")
    confidence: float = Field(ge=0, le=1, description="mean over its pixels")
    mask: Mask | None = Field(None, description="in the form asked for; none where the answer has one label mask")


class Answer(Strict):
    """The answer for one image: its size in pixels, upright, and the classes that are in it, the largest first."""

    width: int
    height: int
    threshold: float = Field(description="least confidence asked for; pixels below it are in no class")
    confidence: float = Field(ge=0, le=1, description="mean over all pixels, those left out too")
    left_out: float = Field(ge=0, le=1, description="share of the pixels that are less sure or of no class asked for")
    classes: tuple[Region, ...]
    mask: str | None = Field(
        None,
        description="label mask, a palette PNG in base64: a pixel's value is its class's `value`, 255 where left out",
    )


def answer(contract: Contract, finished: Finished, options: Options, size: tuple[int, int]) -> Answer:
    """The typed answer for one image.

    Args:
        contract: of the model.
        finished: ``labels`` uint8 (height, width), ``confidence`` float32 (height, width).
        options: of the request.
        size: height and width of the image.
    """
    labels, confidence = finished["labels"].copy(), finished["confidence"]
    if options.score > 0:
        labels[confidence < np.float32(options.score)] = LEFT_OUT
    if options.classes:
        labels[~np.isin(labels, [contract.labels.index(label) for label in options.classes])] = LEFT_OUT
    counts, sums = _totals(labels, confidence)
    present = [int(value) for value in np.argsort(-counts, kind="stable") if counts[value] and value != LEFT_OUT]
    regions = [
        Region(
            label=contract.labels[value],
            value=value,
            pixels=int(counts[value]),
            share=counts[value] / labels.size,
            confidence=min(sums[value] / counts[value], 1.0),
            mask=None if options.masks == "png" else masks.pack((labels == value).astype(np.uint8), options.masks),
        )
        for value in present
    ]
    return Answer(
        width=size[1],
        height=size[0],
        threshold=options.score,
        confidence=min(float(sums.sum()) / labels.size, 1.0),
        left_out=counts[LEFT_OUT] / labels.size,
        classes=tuple(regions),
        mask=_label_mask(labels, len(contract.labels)) if options.masks == "png" else None,
    )


def _totals(
    labels: NDArray[np.uint8], confidence: NDArray[np.float32], rows: int = 256
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pixels and sum of confidence by value, a band of rows at a time: NumPy widens what it counts."""
    counts, sums = np.zeros(256, np.int64), np.zeros(256)
    for top in range(0, len(labels), rows):
        band = labels[top : top + rows].ravel()
        counts += np.bincount(band, minlength=256)
        sums += np.bincount(band, confidence[top : top + rows].ravel(), minlength=256)
    return counts, sums


def _label_mask(labels: NDArray[np.uint8], classes: int) -> str:
    image = Image.frombytes("P", (labels.shape[1], labels.shape[0]), labels.tobytes())
    palette = [painting.colour(position) if position < classes else (0, 0, 0) for position in range(256)]
    image.putpalette([level for entry in palette for level in entry])  # whole: a short one would drop the high bits
    return masks.base64_png(image)


def overlay(
    pixels: NDArray[np.uint8], answer: Answer, labels: Sequence[str] = (), side: int | None = None
) -> Image.Image:
    """The picture with its classes in colours, each that is no speck named in its largest part.

    Without masks, which the request may have left out, the classes are listed with their shares.

    Args:
        pixels: decoded, ``uint8 (height, width, 3)``.
        answer: to it.
        labels: not needed: a class has the colour of its value.
        side: of the picture, its longer one; the image's own by default.
    """
    canvas = painting.Canvas(pixels, side)
    values = None if answer.mask is None else masks.read_png(answer.mask)
    names = []
    for one in answer.classes:
        if values is not None:
            mask = (values == one.value).astype(np.uint8)
        elif one.mask is not None:
            mask = masks.unpack(one.mask, pixels.shape[:2])
        else:
            continue
        painting.region(canvas, mask, painting.colour(one.value))
        if one.share >= painting.LEAST_NAMED:
            names.append((painting.inside(mask), one.label, painting.colour(one.value)))
    if values is None and not any(one.mask for one in answer.classes):
        large = [one for one in answer.classes if one.share >= painting.LEAST_NAMED]
        painting.listing(canvas, [(f"{one.label} {one.share:.1%}", painting.colour(one.value)) for one in large])
    for at, label, colour in names:
        painting.name(canvas, at, label, colour)
    return canvas.picture


def line(answer: Answer, shown: int = 4) -> str:
    """The answer in one line."""
    first = ", ".join(f"{one.label} {one.share:.1%}" for one in answer.classes[:shown])
    more = f", and {len(answer.classes) - shown} more" if len(answer.classes) > shown else ""
    left = f", left out {answer.left_out:.1%}" if answer.left_out else ""
    return f"{first}{more}{left}; mean confidence {answer.confidence:.1%}".lstrip(", ")


def differences(expected: Finished, actual: Finished) -> dict[str, float]:
    """How far two answers to one image lie apart, by the names in `TOLERANCES`.

    ``labels`` is the share of pixels of another class, ``confidence`` the largest difference.
    """
    confidence = np.abs(expected["confidence"] - actual["confidence"])
    return {
        "labels": float((expected["labels"] != actual["labels"]).mean()),
        "confidence": float("inf") if np.isnan(confidence).any() else float(confidence.max(initial=0.0)),
    }


def finished(
    contract: Contract, finish: Finish, outputs: Finished, size: tuple[int, int], options: Options | None = None
) -> Finished:
    """What ``finish`` makes of one example's outputs: it is small as it is."""
    return finish(outputs)


def merge(parts: Sequence[tuple[Finished, tuple[int, int]]], size: tuple[int, int]) -> Finished:
    """One answer from those to overlapping tiles, each with its (top, left), for an image of ``size`` (height, width).

    A pixel is answered by the tile whose centre is nearest: where two tiles overlap, each has its half.
    """
    whole = {name: np.zeros(size, values.dtype) for name, values in parts[0][0].items()}
    sides = parts[0][0]["labels"].shape
    own = [_owned(sorted({corner[axis] for _, corner in parts}), sides[axis], size[axis]) for axis in (0, 1)]
    for finished, (top, left) in parts:
        (first, last), (begin, end) = own[0][top], own[1][left]
        for name, values in finished.items():
            whole[name][first:last, begin:end] = values[first - top : last - top, begin - left : end - left]
    return whole


def _owned(starts: Sequence[int], side: int, length: int) -> dict[int, tuple[int, int]]:
    """By start of a tile: the pixels along one axis that lie nearest to its middle."""
    cuts = [0, *((one + side + other) // 2 for one, other in pairwise(starts)), length]
    return {start: (cuts[i], cuts[i + 1]) for i, start in enumerate(starts)}
