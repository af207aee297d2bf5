"""Small pictures inside the report's page: of a file, or of one object's surroundings with its box."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from tatara.core.errors import DecodeError
from tatara.core.modalities import shown

_SIDE, _OBJECT_SIDE = 72, 144
_FRAME, _HALO, _OUTSIDE = "#ff2d20", "#ffffff", "#8b949e"


def thumbnail(path: Path, box: Sequence[float] | None = None) -> str | None:
    """A small PNG as a ``data:`` address; None where the file cannot be read.

    With ``box`` (x_min, y_min, x_max, y_max in pixels, wherever it lies) it shows the part of the image around it.
    """
    if path.is_symlink() or not path.is_file():
        return None
    try:
        picture = Image.fromarray(shown(path, path.read_bytes()))
    except (OSError, DecodeError):
        return None
    small = _scaled(picture, _SIDE) if box is None else _object(picture, box)
    buffer = io.BytesIO()
    small.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _scaled(picture: Image.Image, side: int) -> Image.Image:
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BILINEAR)


def _object(picture: Image.Image, box: Sequence[float]) -> Image.Image:
    """The box with as much again around it on each side, at most a quarter of the image beyond the image's edge."""
    left, top, right, bottom = _window(box, picture.size)
    shown = Image.new("RGB", (right - left, bottom - top), _OUTSIDE)
    shown.paste(picture, (-left, -top))
    shown = _scaled(shown, _OBJECT_SIDE)
    scale = shown.width / (right - left)
    ends = []
    for axis, (start, length) in enumerate(zip((left, top), shown.size, strict=True)):
        low, high = sorted((box[axis], box[axis + 2]))
        # What lies far away is drawn just outside: Pillow would walk all the way.
        ends.append([min(max((place - start) * scale, -9.0), length + 9.0) for place in (low, high)])
    (x_min, x_max), (y_min, y_max) = ends
    draw = ImageDraw.Draw(shown)
    draw.rectangle([x_min - 2, y_min - 2, x_max + 1, y_max + 1], outline=_HALO)
    draw.rectangle([x_min - 1, y_min - 1, x_max, y_max], outline=_FRAME)
    return shown


def _window(box: Sequence[float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    margin = max(16.0, abs(box[2] - box[0]), abs(box[3] - box[1]))
    ends = []
    for axis, length in enumerate(size):
        low, high = sorted((box[axis], box[axis + 2]))
        if low >= length or high <= 0:  # wholly outside: the image as it is says more than the void around the box
            low, high = 0, length
        reach = length // 4
        start = int(min(max(low - margin, -reach), length - 1))
        ends.append((start, int(max(min(high + margin, length + reach), start + 1))))
    (left, right), (top, bottom) = ends
    return left, top, right, bottom
