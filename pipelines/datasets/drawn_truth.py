"""A picture with what people marked in it: boxes and masks with their names, or the classes of its pixels; or beside
what is to be made of it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipelines.truth import Objects
from tatara.core import painting
from tatara.core.drawing import PAPER, fit

LINE, TEXT = 2, 12
"""Pixels of the boxes' lines and of the names' height."""
MOST_NAMED = 12
"""Objects above which only the classes' largest ones are named."""


def draw_objects(pixels: NDArray[np.uint8], objects: Objects, classes: Sequence[str], side: int) -> Image.Image:
    """The picture with its objects, large ones first, so that small ones lie on top.

    Args:
        pixels: ``uint8 (height, width, 3)``.
        objects: of it; boxes may lie outside.
        classes: of the dataset, for one colour a class in every picture.
        side: of the result, its longer one, in pixels.
    """
    canvas = painting.Canvas(pixels, side)
    canvas.text = TEXT
    tints = painting.colours([*classes, *sorted(set(objects.labels) - set(classes))])
    sizes = np.ptp(objects.boxes.reshape(-1, 2, 2), axis=1).prod(axis=1)
    order = [int(number) for number in np.argsort(-sizes, kind="stable")]
    for number in order:
        if objects.rle[number] is not None:
            painting.region(canvas, objects.mask(number), tints[objects.labels[number]])
    pen = ImageDraw.Draw(canvas.picture)
    for number in order:
        left, top, right, bottom = canvas.edges(*objects.boxes[number])
        width = LINE if objects.rle[number] is None else 1
        pen.rectangle((left, top, right - 1, bottom - 1), outline=tints[objects.labels[number]], width=width)
    for number in _named(order, objects.labels):
        x_min, y_min, x_max, _ = objects.boxes[number]
        text = objects.labels[number] + (" (crowd)" if objects.crowd[number] else "")
        painting.name(canvas, ((x_min + x_max) / 2, y_min), text, tints[objects.labels[number]])
    return canvas.picture


def _named(order: list[int], labels: Sequence[str]) -> list[int]:
    """Positions of the objects to name: all where they are few, else the largest of each class."""
    if len(order) <= MOST_NAMED:
        return order
    return list({labels[number]: number for number in reversed(order)}.values())


def draw_label_mask(
    pixels: NDArray[np.uint8], labels: NDArray[np.uint8], classes: Sequence[str], side: int
) -> Image.Image:
    """The picture with its classes in colours; pixels of no class stay as they are.

    Args:
        pixels: ``uint8 (height, width, 3)``.
        labels: positions of classes ``uint8 (height, width)``.
        classes: of the dataset.
        side: of the result, its longer one, in pixels.
    """
    canvas = painting.Canvas(pixels, side)
    canvas.text = TEXT
    shares = np.bincount(labels.ravel(), minlength=256) / labels.size
    present = [position for position in range(len(classes)) if shares[position] > 0]
    masks = {position: (labels == position).astype(np.uint8) for position in present}
    for position in present:
        painting.region(canvas, masks[position], painting.colour(position))
    for position in sorted(present, key=lambda position: -shares[position]):
        if shares[position] >= painting.LEAST_NAMED:
            painting.name(canvas, painting.inside(masks[position]), classes[position], painting.colour(position))
    return canvas.picture


def draw_pair(pixels: NDArray[np.uint8], target: NDArray[np.uint8], side: int) -> Image.Image:
    """The picture and its target, side by side, within ``side`` pixels."""
    halves = [fit(part, side // 2 - 1) for part in (pixels, target)]
    both = Image.new("RGB", (2 * halves[0].width + 2, halves[0].height), PAPER)
    both.paste(halves[0], (0, 0))
    both.paste(halves[1], (halves[0].width + 2, 0))
    return both
