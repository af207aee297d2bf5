"""Annotations turned with their image: files say by EXIF how the stored picture is to be turned to stand upright."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from pipelines.datasets.annotated import Box

_TURNS = {
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what makes the stored picture upright, where that swaps the sides."""
UPRIGHT = 1


def orientation_of(content: bytes) -> int:
    """The EXIF orientation, 5 to 8, of an image whose sides it swaps; else `UPRIGHT`."""
    with Image.open(io.BytesIO(content)) as image:
        found = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    return found if found in _TURNS else UPRIGHT


def needed_turn(orientation: int, upright: tuple[int, int], annotated: tuple[int, int] | None) -> int | None:
    """The orientation by which annotations made for an image of size ``annotated`` have to be turned.

    Sizes are (width, height). `UPRIGHT` where the annotation is of the upright image, or the size cannot tell; None
    where it is of neither size.
    """
    if annotated is None or annotated == upright:
        return UPRIGHT
    return orientation if orientation != UPRIGHT and annotated == upright[::-1] else None


def turn_box(box: Box, orientation: int, width: int, height: int) -> Box:
    """A box in the stored picture of that size as it lies in the upright one."""
    if orientation == UPRIGHT:
        return box
    x_min, y_min, x_max, y_max = box
    across = (height - y_max, height - y_min) if orientation in (6, 7) else (y_min, y_max)
    down = (width - x_max, width - x_min) if orientation in (7, 8) else (x_min, x_max)
    return across[0], down[0], across[1], down[1]


def turn_mask(mask: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """A mask ``uint8 (height, width)`` of the stored picture as it lies in the upright one."""
    if orientation == UPRIGHT:
        return mask
    return np.asarray(Image.fromarray(mask).transpose(_TURNS[orientation]))
