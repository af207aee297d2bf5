"""Windows that a large image is answered in, one by one."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tatara.core.contract import Finished, Tiling

Window = tuple[int, int, int, int]
"""``top, left, bottom, right`` in pixels; the last two are exclusive."""


def windows(height: int, width: int, tiling: Tiling | None) -> list[Window]:
    """Windows that cover an image, row by row: of the tiling's size, or smaller where the image is.

    They lie evenly and overlap by ``tiling.overlap`` at least; without a tiling it is the whole image.
    """
    if tiling is None:
        return [(0, 0, height, width)]
    return [
        (top, left, min(top + tiling.size, height), min(left + tiling.size, width))
        for top in _starts(height, tiling)
        for left in _starts(width, tiling)
    ]


def window_of(pixels: NDArray[Any], window: Window) -> NDArray[Any]:
    """That part of ``(height, width, ...)``."""
    top, left, bottom, right = window
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def merged(kind: Any, parts: Sequence[Finished], cut: Sequence[Window]) -> Finished:
    """One answer to an image from those to its windows.

    Args:
        kind: module of `tatara.core.kinds`, for its ``merge``.
        parts: in the order of ``cut``.
        cut: what `windows` gave.
    """
    if len(parts) == 1:
        return parts[0]
    size = max(bottom for _, _, bottom, _ in cut), max(right for _, _, _, right in cut)
    corners = [(top, left) for top, left, _, _ in cut]
    found: Finished = kind.merge(list(zip(parts, corners, strict=True)), size)
    return found


def _starts(length: int, tiling: Tiling) -> list[int]:
    if length <= tiling.size:
        return [0]
    count = 1 + math.ceil((length - tiling.size) / max(1, round(tiling.size * (1 - tiling.overlap))))
    return [round(position * (length - tiling.size) / (count - 1)) for position in range(count)]
