"""Images: the one decoder from file bytes to pixels, and the measurements that rules are written on.

Training, evaluation and serving all read images through `decode`, so a file means the same pixels everywhere.
"""

import io
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from tatara.core.errors import DecodeError

DECODER = "image-1"
"""Version of `decode`'s meaning; caches and contracts carry it, so change it whenever a pixel can change."""

MAX_PIXELS = 100_000_000
EXTENSIONS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")


@dataclass(frozen=True)
class ImageFacts:
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

    Palette, grey, CMYK and 16-bit images are brought to 8-bit RGB (16 bits by their upper byte); transparency is
    laid over white; the EXIF orientation is applied.

    Raises:
        DecodeError: empty, truncated, not an image, more than one frame, or over `MAX_PIXELS`.
    """
    return _decode_with_mode(content)[0]


def measure(content: bytes) -> tuple[NDArray[np.uint8], ImageFacts]:
    """`decode`, with the measurements that the rules are written on.

    Raises:
        DecodeError: as `decode`.
    """
    pixels, mode = _decode_with_mode(content)
    luma = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    height, width, _ = pixels.shape
    facts = ImageFacts(width, height, mode, len(content), float(luma.mean()), float(luma.std()))
    return pixels, facts


def _decode_with_mode(content: bytes) -> tuple[NDArray[np.uint8], str]:
    if not content:
        raise DecodeError("the file is empty (0 bytes)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(content))
            _refuse_by_header(image)
            image.load()
            mode = image.mode
            return np.asarray(_to_rgb(ImageOps.exif_transpose(image))), mode
    except DecodeError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        reason = "too many pixels" if isinstance(error, Image.DecompressionBombError) else "not an image"
        raise DecodeError(f"{reason}: {len(content)} bytes in no format that is read here") from None
    except Exception as error:  # Pillow's plugins raise OSError, SyntaxError, struct.error, ... on damaged files
        raise DecodeError(f"damaged image: {' '.join(str(error).split()) or type(error).__name__}") from None


def _refuse_by_header(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise DecodeError(f"too large: {image.width} x {image.height} pixels, at most {MAX_PIXELS:,} in all are read")
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise DecodeError(f"animated or multi-page: {frames} frames; send one frame as a file of its own")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BIT:
        values = np.asarray(image).astype(np.int64)
        return Image.fromarray((values.clip(0, 65535) >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
