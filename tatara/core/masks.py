"""Masks of objects, and the forms that an answer gives them in."""

import base64
import io
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from tatara.core import runs
from tatara.core.contract import Strict

Bits = NDArray[np.uint8]
Form = Literal["rle", "polygon", "png", "none"]


class Rle(Strict):
    """A mask as COCO's compressed run lengths, in columns; `pycocotools.mask.decode` takes it as it is."""

    size: tuple[int, int] = Field(description="height and width of the image")
    counts: str


Polygons = tuple[tuple[float, ...], ...]
Mask = Rle | Polygons | str
"""Run lengths; or rings ``x, y, x, y, ...`` in pixels, of which one inside another is a hole (even-odd); or a PNG of
one bit a pixel in base64."""


class Masks:
    """Masks of one image kept as run lengths: indexing decodes one, so that only one is in memory at a time.

    Args:
        size: height and width of the image.
        packed: one for each mask.
    """

    def __init__(self, size: tuple[int, int], packed: Sequence[Rle]) -> None:
        self.shape = (len(packed), *size)
        self.packed = tuple(packed)

    def __len__(self) -> int:
        return len(self.packed)

    def at(self, position: int) -> Rle:
        """One mask as it is kept."""
        return self.packed[position]

    def __getitem__(self, position: int) -> Bits:
        return decode(self.packed[position])

    def __iter__(self) -> Iterator[Bits]:
        return map(decode, self.packed)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return (
            np.stack(list(self)).astype(dtype or np.uint8) if self.packed else np.zeros(self.shape, dtype or np.uint8)
        )


def encode(mask: Bits) -> Rle:
    """The run lengths of a mask ``uint8 (height, width)`` of 0 and 1."""
    return placed(*cropped(mask), (mask.shape[0], mask.shape[1]))


def placed(part: Bits, corner: runs.Corner, size: tuple[int, int]) -> Rle:
    """The run lengths of a mask of ``size`` that is ``part`` at ``corner``, its top and left, and 0 elsewhere."""
    return Rle(size=size, counts=runs.written(part, corner, size))


def cropped(mask: Bits | Rle) -> tuple[Bits, runs.Corner]:
    """The smallest part around what is set, and its top and left; an empty part where nothing is."""
    if isinstance(mask, Rle):
        return runs.read(mask.counts, mask.size)
    left, top, right, bottom = bounds(mask)
    return mask[top:bottom, left:right], (top, left)


def decode(packed: Rle) -> Bits:
    """The mask ``uint8 (height, width)`` of 0 and 1."""
    from pycocotools import mask as coco

    found: Bits = coco.decode({"size": list(packed.size), "counts": packed.counts.encode()})
    return found


def bounds(mask: Bits) -> tuple[int, int, int, int]:
    """The smallest box ``x_min, y_min, x_max, y_max`` around what is set; zeros where nothing is."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    if not len(rows):
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def polygons(mask: Bits | Rle) -> Polygons:
    """The mask's outlines and holes as rings through the edges of its pixels, corners cut."""
    import contourpy

    part, (top, left) = cropped(mask)
    if not part.size:
        return ()
    padded = np.pad(part, 1).astype(np.float64)
    x, y = np.arange(left, left + padded.shape[1]) - 0.5, np.arange(top, top + padded.shape[0]) - 0.5
    rings: Any = contourpy.contour_generator(x, y, padded, line_type=contourpy.LineType.Separate).lines(0.5)
    return tuple(tuple(float(value) for value in _without_straights(ring[:-1]).ravel()) for ring in rings)


def _without_straights(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ring's corners alone."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    corners: NDArray[np.float64] = ring[before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]]
    return corners


def pack(mask: Bits | Rle, form: Form) -> Mask | None:
    """The mask in the form asked for; None for ``none``."""
    if form == "rle":
        return mask if isinstance(mask, Rle) else encode(mask)
    if form == "polygon":
        return polygons(mask)
    return _png(mask) if form == "png" else None


def _png(mask: Bits | Rle) -> str:
    height, width = mask.size if isinstance(mask, Rle) else mask.shape
    part, (top, left) = cropped(mask)
    image = Image.new("1", (width, height))
    if part.size:
        image.paste(Image.fromarray(part * np.uint8(255)).convert("1"), (left, top))
    return base64_png(image)


def unpack(mask: Mask, size: tuple[int, int]) -> Bits:
    """The mask ``uint8 (height, width)``, 0 and 1, of an answer about an image of ``size`` (height, width)."""
    if isinstance(mask, Rle):
        return decode(mask)
    if isinstance(mask, str):
        return (read_png(mask) > 0).astype(np.uint8)
    return _filled(mask, size)


def _filled(rings: Polygons, size: tuple[int, int]) -> Bits:
    """Pixels whose centres lie inside by the even-odd rule: along a row, every edge that is crossed turns it over."""
    height, width = size
    turns = np.zeros((height, width + 1), np.uint8)
    for ring in rings:
        points = np.array(ring, np.float64).reshape(-1, 2)
        for (x, y), (next_x, next_y) in zip(points, np.roll(points, -1, axis=0), strict=True):
            low, high = sorted((y, next_y))
            rows = np.arange(max(0, int(np.ceil(low - 0.5))), min(height, int(np.ceil(high - 0.5))))
            if len(rows):
                crossed = x + (rows + 0.5 - y) * (next_x - x) / (next_y - y)
                np.add.at(turns, (rows, np.clip(np.ceil(crossed - 0.5), 0, width).astype(int)), 1)
    found: Bits = (np.cumsum(turns[:, :width], axis=1, dtype=np.uint8) & 1).astype(np.uint8)
    return found


def base64_png(image: Image.Image) -> str:
    """The image as a PNG file in base64."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def read_png(text: str) -> Bits:
    """Stored values ``uint8 (height, width)`` of a PNG in base64: of a palette, the positions in it."""
    with Image.open(io.BytesIO(base64.b64decode(text)), formats=["PNG"]) as image:
        return np.asarray(image.convert("L") if image.mode == "1" else image)
