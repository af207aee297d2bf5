"""Boxes, masks and names over a picture: colours distinct by class, text readable on any ground."""

import colorsys
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tatara.core import drawing
from tatara.core.masks import Rle, bounds, cropped
from tatara.core.objects import Box, DetectedObject

Colour = tuple[int, int, int]
Corners = tuple[float, float, float, float]
"""``x_min, y_min, x_max, y_max`` in the image's pixels."""
LIGHTNESS, SATURATION = (0.50, 0.36, 0.66), 0.85
COVER = 115
"""Opacity of a mask's colour, of 255."""
CROWDED = 12
"""Objects above which small ones are not named."""
CLUTTERED = 40
"""Objects above which those that have a mask get no box: boxes of neighbours would cover the masks."""

LEAST_NAMED = 0.002
"""Share of a picture that a class has to cover to be named in it."""
SMALL = 240
"""Side of a picture below which names go without a score."""


@cache
def colour(position: int) -> Colour:
    """RGB of the class at ``position``: hues a golden angle apart, in three lightnesses."""
    hue = (0.58 + position * 0.381966) % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, LIGHTNESS[position % 3], SATURATION)
    return round(255 * red), round(255 * green), round(255 * blue)


def colours(labels: Sequence[str]) -> dict[str, Colour]:
    """Colour by class, from the classes in the model's order."""
    return {label: colour(position) for position, label in enumerate(labels)}


class Canvas:
    """A picture to draw on, in the coordinates of the image that it shows.

    Args:
        pixels: the image, ``uint8 (height, width, 3)``.
        side: of the picture, its longer one; the image's own by default.
    """

    def __init__(self, pixels: NDArray[np.uint8], side: int | None = None) -> None:
        self.picture = drawing.fit(pixels, side) if side else Image.fromarray(pixels)
        self.scale = self.picture.width / pixels.shape[1], self.picture.height / pixels.shape[0]
        shorter, longer = sorted(self.picture.size)
        self.line, self.text = max(1, round((longer / 110) ** 0.5)), max(9, round(min(longer / 42, shorter / 14)))
        self.taken: list[tuple[int, int, int, int]] = []

    def edges(self, x_min: float, y_min: float, x_max: float, y_max: float) -> tuple[int, int, int, int]:
        """A box of the image in whole pixels of the picture, at least one wide and high."""
        left, right = round(x_min * self.scale[0]), round(x_max * self.scale[0])
        top, bottom = round(y_min * self.scale[1]), round(y_max * self.scale[1])
        left, top = min(left, self.picture.width - 1), min(top, self.picture.height - 1)
        return left, top, max(right, left + 1), max(bottom, top + 1)


def region(canvas: Canvas, mask: NDArray[np.uint8] | Rle, tint: Colour) -> None:
    """Lay a colour over the pixels of a mask, ``uint8 (height, width)`` or its run lengths, stronger along its edge.

    The image's own border is no edge of a mask that goes on to it. No more than the part that is set is looked at.
    """
    height, width = mask.size if isinstance(mask, Rle) else mask.shape
    part, (top, left) = cropped(mask)
    if not part.size:
        return
    bottom, right = top + part.shape[0], left + part.shape[1]
    place = canvas.edges(left, top, right, bottom)
    cut = Image.fromarray(part).resize((place[2] - place[0], place[3] - place[1]), 0)
    inside = np.pad(np.asarray(cut, bool), canvas.line, "edge")
    for axis, ends in enumerate(((top > 0, bottom < height), (left > 0, right < width))):
        first, last = (np.moveaxis(inside, axis, 0)[part] for part in (slice(canvas.line), slice(-canvas.line, None)))
        first[...] &= not ends[0]
        last[...] &= not ends[1]
    deep = inside.copy()
    for axis in (0, 1):
        for step in (canvas.line, -canvas.line):
            deep &= np.roll(inside, step, axis)
    kept = (slice(canvas.line, -canvas.line),) * 2
    alpha = np.where(deep[kept], COVER, 255).astype(np.uint8) * inside[kept]
    canvas.picture.paste(tint, place[:2], Image.fromarray(alpha))


def boxes(canvas: Canvas, found: Sequence[DetectedObject], tints: Mapping[str, Colour]) -> None:
    """Draw a box for each object, the best on top."""
    for one in reversed(found):
        box(canvas, _corners(one.box), tints[one.label])


def names(canvas: Canvas, found: Sequence[DetectedObject], tints: Mapping[str, Colour]) -> None:
    """Name the objects that there is room for, the best first.

    In a crowd, small ones are not named but for the best of each class.
    """
    named = set()
    for one in found:
        left, _, right, _ = canvas.edges(*_corners(one.box))
        text = f"{one.label} {one.score:.0%}" if max(canvas.picture.size) >= SMALL else one.label
        if len(found) > CROWDED and _room(canvas, text)[0] > 2 * (right - left) and one.label in named:
            continue
        named.add(one.label)
        beside(canvas, _corners(one.box), text, tints[one.label])


def box(canvas: Canvas, corners: Corners, tint: Colour) -> None:
    """Draw one box of the image, with a dark seam on any ground."""
    left, top, right, bottom = canvas.edges(*corners)
    line = max(1, min(canvas.line, (right - left) // 5, (bottom - top) // 5))
    pen = ImageDraw.Draw(canvas.picture)
    if line > 1:
        pen.rectangle((left - 1, top - 1, right, bottom), outline=(0, 0, 0), width=line + 2)
    pen.rectangle((left, top, right - 1, bottom - 1), outline=tint, width=line)


def beside(canvas: Canvas, corners: Corners, text: str, tint: Colour) -> None:
    """Write text at an edge of a box of the image, where there is room."""
    left, top, right, bottom = canvas.edges(*corners)
    width, height = _room(canvas, text)
    rows = (top - height, top, bottom, bottom - height)
    _chip(canvas, text, [(x, y) for x in (left, right - width) for y in rows], tint)


def listing(canvas: Canvas, entries: Sequence[tuple[str, Colour]]) -> None:
    """Write texts below one another from the upper left corner, each on its colour, as many as there is room for."""
    step = _room(canvas, "")[1] + 1
    for row, (text, tint) in enumerate(entries):
        if (row + 1) * step > canvas.picture.height:
            return
        _chip(canvas, text, [(0, row * step)], tint)


def name(canvas: Canvas, at: tuple[float, float], text: str, tint: Colour) -> None:
    """Write a name around a point of the image, where there is room."""
    width, height = _room(canvas, text)
    x, y = round(at[0] * canvas.scale[0] - width / 2), round(at[1] * canvas.scale[1] - height / 2)
    _chip(canvas, text, [(x, y), (x, y - height), (x, y + height)], tint)


def inside(mask: NDArray[np.uint8], cells: int = 64) -> tuple[float, float]:
    """A point ``x, y`` deep inside the mask's broadest part."""
    height, width = mask.shape
    grid = min(cells, width), min(cells, height)
    left = np.asarray(Image.fromarray(mask * np.uint8(255)).resize(grid, Image.Resampling.BOX)) > 127
    depth = np.zeros(left.shape, int)
    while left.any():
        depth += left
        padded = np.pad(left, 1)
        left = left & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    if not depth.any():
        x_min, y_min, x_max, y_max = bounds(mask)
        return (x_min + x_max) / 2, (y_min + y_max) / 2
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return (float(column) + 0.5) * width / grid[0], (float(row) + 0.5) * height / grid[1]


def _corners(found: Box) -> Corners:
    return found.x_min, found.y_min, found.x_max, found.y_max


def _room(canvas: Canvas, text: str) -> tuple[int, int]:
    font, shown = drawing.font_for(text, canvas.text)
    return round(font.getlength(shown)) + canvas.text // 2 + 2, round(canvas.text * 1.3)


def _chip(canvas: Canvas, text: str, places: Sequence[tuple[int, int]], tint: Colour) -> None:
    """Text on its colour at the first place that lies in the picture and covers no other text; else none."""
    width, height = _room(canvas, text)
    for x, y in places:
        x, y = min(max(x, 0), canvas.picture.width - width), min(max(y, 0), canvas.picture.height - height)
        place = (x, y, x + width, y + height)
        if x < 0 or y < 0 or any(_overlap(place, other) for other in canvas.taken):
            continue
        canvas.taken.append(place)
        font, shown = drawing.font_for(text, canvas.text)
        pen = ImageDraw.Draw(canvas.picture)
        pen.rectangle((x, y, x + width - 1, y + height - 1), tint)
        ink = "black" if np.dot(tint, (0.299, 0.587, 0.114)) > 140 else "white"
        pen.text((x + width / 2, y + height / 2), shown, ink, font, anchor="mm")
        return


def _overlap(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]
