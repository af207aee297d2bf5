"""Backgrounds, clutter and ink of the scenes, in whole numbers: the same pixels on every machine."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.int64]


class Draw:
    """Random whole numbers from the raw stream of a PCG64, a function of its seed alone."""

    def __init__(self, *seed: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(seed))

    def many(self, low: int, high: int, shape: tuple[int, ...]) -> Pixels:
        """int64 of that shape, ``low`` to ``high``, both possible."""
        raw = self._bits.random_raw(int(np.prod(shape))) >> np.uint64(11)
        return (low + (raw % np.uint64(high - low + 1)).astype(np.int64)).reshape(shape)

    def between(self, low: int, high: int) -> int:
        """One of ``low`` to ``high``."""
        return int(self.many(low, high, (1,))[0])

    def below(self, count: int) -> int:
        """One of 0 to ``count - 1``."""
        return self.between(0, count - 1)


def texture(side: int, draw: Draw) -> Pixels:
    """A background (side, side, 3), 0..255: noise of several scales, often with stripes, between two colours."""
    field = (3 * _noise(side, 3, draw) + 2 * _noise(side, 9, draw) + 2 * _noise(side, 31, draw)) // 7
    if draw.below(3):
        field = (field + _stripes(side, draw)) // 2
    middle = draw.many(60, 195, (3,))
    spread = draw.many(30, 80, (3,)) * (2 * draw.many(0, 1, (3,)) - 1)
    canvas: Pixels = np.clip(middle + spread * (field[..., None] - 128) // 128, 0, 255)
    return canvas


def _noise(side: int, cells: int, draw: Draw) -> Pixels:
    """Value noise (side, side), 0..255: random corners of ``cells`` squares, linear in between."""
    corners = draw.many(0, 255, (cells + 1, cells + 1))
    place = np.arange(side) * cells * 256 // side
    cell, part = place >> 8, place & 255
    rows = corners[cell] * (256 - part[:, None]) + corners[cell + 1] * part[:, None]
    noise: Pixels = (rows[:, cell] * (256 - part) + rows[:, cell + 1] * part) >> 16
    return noise


def _stripes(side: int, draw: Draw) -> Pixels:
    """Stripes (side, side), 0..255, of any direction and 5 to 20 pixels' width, or their crossings as a check."""
    y, x = np.mgrid[:side, :side]
    a, b = draw.between(-16, 16), draw.between(1, 16)
    width = draw.between(5, 20) * 16
    stripes = (a * x + b * y) // width % 2
    if draw.below(2):
        stripes ^= (b * x - a * y) // width % 2
    found: Pixels = stripes * 255
    return found


def turned(image: Pixels, side: int, slope: int) -> Pixels:
    """How much ink of an 8 x 8 digit (0..16) covers each pixel, 0..255, when drawn ``side`` pixels large.

    ``slope`` turns it: the tangent of half the angle in hundredths, so that sine and cosine are fractions.
    The result is square, with the corners that the turn needs.
    """
    one = 10_000 + slope * slope
    cosine, sine = 10_000 - slope * slope, 200 * slope
    span = side * (abs(cosine) + abs(sine)) // one + 1
    offset = 2 * np.arange(span) + 1 - span
    v, u = np.meshgrid(offset, offset, indexing="ij")
    x, y = ((part * 1024 // one) // side + 896 for part in (cosine * u + sine * v, cosine * v - sine * u))
    ink = np.pad(image, 2)
    column, right = np.clip((x >> 8) + 2, 0, 10), x & 255
    row, down = np.clip((y >> 8) + 2, 0, 10), y & 255
    upper = ink[row, column] * (256 - right) + ink[row, column + 1] * right
    lower = ink[row + 1, column] * (256 - right) + ink[row + 1, column + 1] * right
    value = (upper * (256 - down) + lower * down) >> 8  # 0..16 in steps of 1/256
    covered: Pixels = np.clip((value - 6 * 256) * 255 // (3 * 256), 0, 255)
    return covered


def paint(canvas: Pixels, cover: Pixels, top: int, left: int, contrast: int, draw: Draw) -> None:
    """Lay ink of one colour on ``canvas`` where ``cover`` says; a channel differs by ``contrast`` from what is there.

    So it may be lighter, darker, or of another hue alone.
    """
    place = canvas[top : top + cover.shape[0], left : left + cover.shape[1]]
    weight = cover[..., None]
    ground = place[cover >= 128].sum(axis=0) // max(1, int((cover >= 128).sum()))
    colour = draw.many(0, 255, (3,))
    while np.abs(colour - ground).max() < contrast:
        colour = draw.many(0, 255, (3,))
    place[...] = (place * (255 - weight) + colour * weight) // 255


def clutter(canvas: Pixels, images: Pixels, draw: Draw) -> None:
    """Strokes and corners of digits, which are no digits."""
    side = len(canvas)
    for _ in range(draw.between(2, 6)):
        paint(canvas, _stroke(side, draw), 0, 0, draw.between(30, 80), draw)
    for _ in range(draw.between(2, 6)):
        part = images[draw.below(len(images))].copy()
        down, right = draw.below(2), draw.below(2)
        part[4 * down : 4 * down + 4] = 0
        part[:, 4 * right : 4 * right + 4] = 0
        cover = turned(part, draw.between(14, 60), draw.between(-100, 100))
        room = side - len(cover)
        paint(canvas, cover, draw.between(0, room), draw.between(0, room), draw.between(40, 90), draw)


def _stroke(side: int, draw: Draw) -> Pixels:
    """How a straight stroke, 2 to 5 pixels wide, covers (side, side): 0 or 255."""
    y, x = np.mgrid[:side, :side]
    (x0, y0, x1, y1), width = draw.many(0, side - 1, (4,)), draw.between(2, 5)
    dx, dy = x1 - x0, y1 - y0
    length = dx * dx + dy * dy + 1
    along = (x - x0) * dx + (y - y0) * dy
    across = (x - x0) * dy - (y - y0) * dx
    on = (along >= 0) & (along <= length) & (4 * across * across <= width * width * length)
    return np.where(on, 255, 0)
