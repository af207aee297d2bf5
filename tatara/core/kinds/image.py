"""Image: an image for an image, of the same size."""

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from tatara.core.contract import Contract, Finished, Strict
from tatara.core.drawing import png
from tatara.core.errors import DecodeError
from tatara.core.kinds import Finish
from tatara.core.modalities.image import decode

TOLERANCES = {"level": 2.5 / 255, "changed": 0.02}
GOLDEN_TOLERANCES = {"level": 3.5 / 255, "changed": 0.05}
SCORE, DECISION = "level", "changed"
ON_AVERAGE = ()
PNG = b"\x89PNG\r\n\x1a\n"
"""How every such file begins."""


class Options(Strict):
    """Parameters of a request: there are none."""


class Answer(Strict):
    """The answer for one image: another one of its size in pixels, upright."""

    width: int
    height: int
    colourfulness: float = Field(ge=0, description="of the answer, by Hasler and Süsstrunk 2003: 0 grey, 100 very much")
    image: str = Field(description="the answer, an RGB PNG in base64")


def answer(contract: Contract, finished: Finished, options: Options, size: tuple[int, int]) -> Answer:
    """The typed answer for one image.

    Args:
        contract: of the model.
        finished: ``image`` uint8 (height, width, 3), RGB.
        options: of the request.
        size: height and width of the image.
    """
    pixels = finished["image"]
    return Answer(
        width=size[1],
        height=size[0],
        colourfulness=colourfulness(pixels),
        image=base64.b64encode(png(pixels)).decode(),
    )


def colourfulness(pixels: NDArray[np.uint8], rows: int = 256) -> float:
    """Of ``uint8 (height, width, 3)``, RGB: 0 for grey, some 15 slightly, 33 moderately, 59 quite, 109 extremely.

    Hasler and Süsstrunk 2003, Measuring colourfulness in natural images, metric M3. A band of rows at a time.
    """
    sums = np.zeros((2, 2))
    for top in range(0, len(pixels), rows):
        red, green, blue = np.moveaxis(pixels[top : top + rows].astype(np.float32), 2, 0)
        for place, opponent in enumerate((red - green, (red + green) / 2 - blue)):
            sums[place] += opponent.sum(dtype=np.float64), np.square(opponent).sum(dtype=np.float64)
    means, squares = (sums / (pixels.shape[0] * pixels.shape[1])).T
    spread = np.maximum(squares - means**2, 0)
    return float(np.sqrt(spread.sum()) + 0.3 * np.sqrt(np.square(means).sum()))


def decoded(text: str) -> NDArray[np.uint8]:
    """The pixels ``uint8 (height, width, 3)``, RGB, of a PNG in base64, as answers hold them.

    Raises:
        DecodeError: not base64, not a PNG, or one that cannot be read.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        raise DecodeError("not base64") from None
    if not content.startswith(PNG):
        raise DecodeError("not a PNG")
    return decode(content)


def overlay(
    pixels: NDArray[np.uint8], answer: Answer, labels: Sequence[str] = (), side: int | None = None
) -> Image.Image:
    """The answer as a picture.

    Args:
        pixels: decoded, ``uint8 (height, width, 3)``; nothing of them is left to be seen.
        answer: to it.
        labels: not needed.
        side: of the picture, its longer one; the image's own by default.
    """
    picture = Image.fromarray(decoded(answer.image))
    if side is None or side == max(picture.size):
        return picture
    scale = side / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST)


def line(answer: Answer) -> str:
    """The answer in one line."""
    return f"an image of {answer.width} x {answer.height} pixels, colourfulness {answer.colourfulness:.1f}"


def differences(expected: Finished, actual: Finished) -> dict[str, float]:
    """How far two answers to one image lie apart, by the names in `TOLERANCES`.

    ``level`` is the largest difference of a channel of a pixel, of 1 in all; ``changed`` the share of these that
    differ at all: what lies between two levels is rounded to either.
    """
    apart = np.abs(expected["image"].astype(np.int16) - actual["image"])
    return {"level": float(apart.max(initial=0)) / 255, "changed": float((apart > 0).mean())}


def finished(
    contract: Contract, finish: Finish, outputs: Finished, size: tuple[int, int], options: Options | None = None
) -> Finished:
    """What ``finish`` makes of one example's outputs: it is small as it is."""
    return finish(outputs)


def merge(parts: Sequence[tuple[Finished, tuple[int, int]]], size: tuple[int, int]) -> Finished:
    """One answer from those to overlapping tiles, each with its (top, left), for an image of ``size`` (height, width).

    Where tiles overlap a pixel is their mean, each tile weighed by the pixel's distance from the tile's border along
    either axis, so that no border is to be seen.
    """
    total, weights = np.zeros((*size, 3), np.float32), [np.zeros(length, np.float32) for length in size]
    seen: tuple[set[int], set[int]] = (set(), set())
    for found, corner in parts:
        pixels = found["image"]
        ramps = [_ramp(side) for side in pixels.shape[:2]]
        for axis in (0, 1):
            if corner[axis] not in seen[axis]:
                seen[axis].add(corner[axis])
                weights[axis][corner[axis] : corner[axis] + pixels.shape[axis]] += ramps[axis]
        place = tuple(slice(start, start + side) for start, side in zip(corner, pixels.shape, strict=False))
        total[place] += pixels * ramps[0][:, None, None] * ramps[1][None, :, None]
    total /= weights[0][:, None, None]
    total /= weights[1][None, :, None]
    return {"image": np.rint(total, out=total).astype(np.uint8)}


def _ramp(side: int) -> NDArray[np.float32]:
    """Each pixel's distance from the nearer end, float32 (side,)."""
    place = np.arange(side, dtype=np.float32) + np.float32(0.5)
    ramp: NDArray[np.float32] = np.minimum(place, side - place)
    return ramp
