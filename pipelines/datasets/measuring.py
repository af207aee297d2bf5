"""What is known of one file's content."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tatara.core.errors import DecodeError
from tatara.core.files import sha256_bytes
from tatara.core.modalities import image


@dataclass(frozen=True)
class Measurements:
    """Measurements of one file; what decoding gives is absent (NaN or None) where it failed.

    Attributes:
        digest: SHA-256 of the bytes, None where they could not be read.
        bytes: length of the file.
        width, height, mode, brightness_mean, brightness_deviation: as in `tatara.core.modalities.image.ImageFacts`.
        perceptual_hash: `difference_hash`.
        decode_error: why there are no measurements, one line.
    """

    digest: str | None
    bytes: int
    width: float = np.nan
    height: float = np.nan
    mode: str | None = None
    brightness_mean: float = np.nan
    brightness_deviation: float = np.nan
    perceptual_hash: str | None = None
    decode_error: str | None = None


def measure_content(content: bytes) -> Measurements:
    """Measurements of one file's bytes; never raises for bad content."""
    digest = sha256_bytes(content)
    try:
        pixels, facts = image.measure(content)
    except DecodeError as error:
        return Measurements(digest, len(content), decode_error=str(error))
    return Measurements(digest, perceptual_hash=difference_hash(pixels), **asdict(facts))


def difference_hash(pixels: NDArray[np.uint8]) -> str:
    """The 64-bit dHash of ``uint8 (height, width, 3)`` as 16 hexadecimal digits.

    Grey, scaled to 9 x 8; a bit is set where a pixel is brighter than its right neighbour (N. Krawetz, "Kind of like
    that", 2013). Near-duplicates differ in few bits.
    """
    grey = Image.fromarray(pixels).convert("L").resize((9, 8), Image.Resampling.BOX, reducing_gap=2.0)
    values = np.asarray(grey, np.int16)
    return np.packbits(values[:, :-1] > values[:, 1:]).tobytes().hex()
