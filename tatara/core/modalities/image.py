"""Images: the one decoder from file bytes to pixels, and the measurements that rules are written on.

Training, evaluation and serving all read images through `decode`, so a file means the same pixels everywhere.
"""

import io
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin

from tatara.core.contract import Bound, Preparation
from tatara.core.errors import BoundError, DecodeError, PixelsError
from tatara.core.memory import MOST_PIXELS

DECODER = "image-1"
"""Version of `decode`'s meaning; caches and contracts carry it, so change it whenever a pixel can change."""

MAX_PIXELS = MOST_PIXELS
MEDIA, NOUN = "image/", "images"
INPUT, SHAPE, DTYPE = "image", ("height", "width", 3), np.uint8
EXTENSIONS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", TiffImagePlugin.TiffImageFile.format, WebPImagePlugin.WebPImageFile.format)
"""All that Pillow may try: no other parser ever sees the bytes, Ghostscript least of all."""
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N")
_EIGHT_BIT = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr")

PngImagePlugin.MAX_TEXT_MEMORY = 4 * 2**20  # bytes of packed texts in one file, which nobody reads here

# Not `warnings.catch_warnings`, which threads cannot share: these repeat what the checks below say, or are about
# metadata that is not read.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True)
class Facts:
    """Measurements of one encoded image; the field names are the columns that validation rules use.

    Attributes:
        width, height: in pixels, upright (after the EXIF orientation).
        mode: Pillow's name of the stored pixel format, such as ``RGB``, ``L``, ``P``, ``CMYK``, ``I;16``.
        bytes: length of the file.
        brightness_mean, brightness_deviation: of the ITU-R 601 luma, 0..255.
    """

    width: int
    height: int
    mode: str
    bytes: int
    brightness_mean: float
    brightness_deviation: float


def decode(content: bytes) -> NDArray[np.uint8]:
    """Pixels of one image file as ``uint8 (height, width, 3)``, RGB, upright.

    Palette, grey, CMYK and 16-bit images are brought to 8-bit RGB (16 bits by their upper byte, CMYK JPEGs inverted as
    Adobe writes them); transparency is laid over white; the EXIF orientation is applied.

    Raises:
        DecodeError: empty, truncated, not an image, more than one frame, over `MAX_PIXELS`, or of a pixel format whose
            meaning is not fixed, such as 32-bit numbers.
    """
    return _decode_with_mode(content)[0]


def measure(
    content: bytes,
    most: int = MAX_PIXELS,
    brightness: bool = True,
    admit: Callable[[int, int], None] = lambda width, height: None,
) -> tuple[NDArray[np.uint8], Facts]:
    """`decode`, with the measurements that the rules are written on.

    Args:
        content: the file's bytes.
        most: pixels that are decoded.
        brightness: measure it too, which costs a third of the decoding; without it both figures are NaN.
        admit: raises where it does not like width and height by the header, which may be turned yet.

    Raises:
        PixelsError: more than ``most`` pixels, by the file's header.
        DecodeError: as `decode`.
    """
    pixels, mode = _decode_with_mode(content, most, admit)
    height, width, _ = pixels.shape
    luma = _brightness(pixels) if brightness else (math.nan, math.nan)
    return pixels, Facts(width, height, mode, len(content), *luma)


def decoded(content: bytes, preparation: Preparation) -> NDArray[np.uint8]:
    """`decode`, whatever the preparation makes of it."""
    return decode(content)


def shown(content: bytes) -> NDArray[np.uint8]:
    """`decode`: an image is its own picture."""
    return decode(content)


def pictured(pixels: NDArray[np.uint8], preparation: Preparation) -> NDArray[np.uint8]:
    """What was decoded as a picture for people: itself."""
    return pixels


def admitted(
    content: bytes, bounds: Sequence[Bound], preparation: Preparation, most: int = MAX_PIXELS
) -> NDArray[np.uint8]:
    """`decode`, of what satisfies the contract's bounds; what the header tells is held to them first.

    Args:
        content: the file's bytes.
        bounds: of the contract.
        preparation: of the contract.
        most: pixels that are decoded.

    Raises:
        DecodeError: the bytes cannot be read, or hold too many pixels.
        BoundError: a bound is broken; the message begins with the rule's name.
    """

    def admit(width: int, height: int) -> None:
        """Before an image is decoded: what breaks a bound however it is turned."""
        for bound in bounds:
            sides = {"width": (width, height), "height": (height, width)}.get(bound.column)
            if sides and bound.violation(sides[1]):
                bound.hold(sides[0])

    brightness = any(bound.column.startswith("brightness") for bound in bounds)
    pixels, facts = measure(content, most, brightness, admit)
    for bound in bounds:
        bound.hold(getattr(facts, bound.column))
    return pixels


def admitted_pixels(pixels: NDArray[np.uint8], bounds: Sequence[Bound]) -> NDArray[np.uint8]:
    """Decoded pixels that satisfy the bounds, but for those on the file that they never were in.

    Raises:
        BoundError: a bound is broken; the message begins with the rule's name.
    """
    facts = pixel_facts(pixels)
    for bound in bounds:
        if bound.column in facts:
            bound.hold(facts[bound.column])
    return pixels


def resized(pixels: NDArray[np.uint8], scale: tuple[float, float]) -> NDArray[np.uint8]:
    """The image, ``scale`` times as wide and as high."""
    picture = Image.fromarray(pixels)
    width, height = (max(1, round(side * factor)) for side, factor in zip(picture.size, scale, strict=True))
    return np.asarray(picture.resize((width, height)))


def pixel_facts(pixels: NDArray[np.uint8]) -> dict[str, float]:
    """The measurements that an image has without a file: those of `Facts` but for ``mode`` and ``bytes``."""
    mean, deviation = _brightness(pixels)
    height, width, _ = pixels.shape
    return {"width": width, "height": height, "brightness_mean": mean, "brightness_deviation": deviation}


def _brightness(pixels: NDArray[np.uint8], rows: int = 256) -> tuple[float, float]:
    """Mean and deviation of the luma, a band of rows at a time: as floats, a large image is many times its size."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    total = squares = 0.0
    for top in range(0, len(pixels), rows):
        luma = (pixels[top : top + rows] @ weights).astype(np.float64)
        total += float(luma.sum())
        squares += float(np.square(luma).sum())
    count = pixels.shape[0] * pixels.shape[1]
    mean = total / count
    return mean, max(squares / count - mean * mean, 0.0) ** 0.5


def _decode_with_mode(
    content: bytes, most: int = MAX_PIXELS, admit: Callable[[int, int], None] = lambda width, height: None
) -> tuple[NDArray[np.uint8], str]:
    if not content:
        raise DecodeError("the file is empty (0 bytes)")
    try:
        return _opened(content, most, admit)
    except (BoundError, DecodeError) as error:
        refusal: Exception = error.with_traceback(None)
    except UnidentifiedImageError:
        refusal = DecodeError(f"not an image: {len(content)} bytes in no format that is read here")
    except Image.DecompressionBombError:
        refusal = PixelsError(f"too large: more than the {most:,} pixels in all that are read")
    except Exception as error:  # Pillow's plugins raise OSError, SyntaxError, struct.error, ... on damaged files
        refusal = DecodeError(f"damaged image: {' '.join(str(error).split()) or type(error).__name__}")
    try:
        raise refusal  # not from within: what was raised there holds the image for as long as the refusal lives
    finally:
        del refusal  # which holds this frame, and so the file


def _opened(content: bytes, most: int, admit: Callable[[int, int], None]) -> tuple[NDArray[np.uint8], str]:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        _refuse_by_header(image, most)
        admit(image.width, image.height)
        image.load()
        mode = image.mode
        ImageOps.exif_transpose(image, in_place=True)
        return np.asarray(image if mode == "RGB" and not image.has_transparency_data else _to_rgb(image)), mode


def _refuse_by_header(image: Image.Image, most: int) -> None:
    if image.width * image.height > most:
        raise PixelsError(f"too large: {image.width} x {image.height} pixels, at most {most:,} in all are read")
    several = getattr(image, "is_animated", False)  # how many, a file of millions takes minutes to tell
    if several and image.format != "MPO":  # cameras put previews and depth behind the photograph
        raise DecodeError("animated or multi-page; send one frame as a file of its own")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BIT:
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode not in _EIGHT_BIT:
        raise DecodeError(f"pixel format {image.mode} is not read; save it with 8 or 16 bits, as RGB or grey")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
