"""What is known of one file's content: of an image, a sound, a label mask, and of one image of a pair."""

import io
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tatara.core.errors import DecodeError
from tatara.core.files import sha256_bytes
from tatara.core.modalities import image


@dataclass(frozen=True)
class FileMeasurements:
    """Of a file of any modality; what decoding gives is absent (NaN or None) where it failed.

    Attributes:
        digest: SHA-256 of the bytes, None where they could not be read.
        bytes: length of the file.
        decode_error: why there are no measurements, one line.
    """

    digest: str | None
    bytes: int
    decode_error: str | None = None

    @classmethod
    def unread(cls, size: int, reason: str) -> Self:
        """Of a file whose bytes could not be had."""
        return cls(None, size, decode_error=reason)


@dataclass(frozen=True)
class Measurements(FileMeasurements):
    """Measurements of one image file.

    Attributes:
        width, height, mode, brightness_mean, brightness_deviation: as in `tatara.core.modalities.image.ImageFacts`.
        perceptual_hash: `difference_hash`.
    """

    width: float = np.nan
    height: float = np.nan
    mode: str | None = None
    brightness_mean: float = np.nan
    brightness_deviation: float = np.nan
    perceptual_hash: str | None = None


@dataclass(frozen=True)
class SoundMeasurements(FileMeasurements):
    """Measurements of one sound file.

    Attributes:
        seconds, rate, channels, encoding, peak, rms, clipped, silent: as in `tatara.core.modalities.audio.Facts`.
        sound: SHA-256 of the samples, whatever the file's format.
    """

    seconds: float = np.nan
    rate: float = np.nan
    channels: float = np.nan
    encoding: str | None = None
    peak: float = np.nan
    rms: float = np.nan
    clipped: float = np.nan
    silent: float = np.nan
    sound: str | None = None


@dataclass(frozen=True)
class MaskMeasurements:
    """Measurements of one label mask; absent (NaN or None) where it could not be read.

    Attributes:
        digest: SHA-256 of the bytes, None where they could not be read.
        width, height: pixels.
        values: the values that occur, rising, separated by spaces, such as ``0 3 255``.
        counts: how many pixels have each of them, in the same order.
        error: why there are no measurements, one line.
    """

    digest: str | None
    width: float = np.nan
    height: float = np.nan
    values: str | None = None
    counts: str | None = None
    error: str | None = None

    @classmethod
    def unread(cls, size: int, reason: str) -> "MaskMeasurements":
        """Of a file whose bytes could not be had."""
        return cls(None, error=reason)


@dataclass(frozen=True)
class PairedMeasurements:
    """Measurements of one image of a pair; absent (NaN or None) where it could not be read.

    Attributes:
        digest: SHA-256 of the bytes, None where they could not be read.
        width, height: pixels, upright.
        pixels: SHA-256 of what the decoder makes of the file.
        error: why there are no measurements, one line.
    """

    digest: str | None
    width: float = np.nan
    height: float = np.nan
    pixels: str | None = None
    error: str | None = None

    @classmethod
    def unread(cls, size: int, reason: str) -> "PairedMeasurements":
        """Of a file whose bytes could not be had."""
        return cls(None, error=reason)


def measure_content(content: bytes) -> Measurements:
    """Measurements of one image file's bytes; never raises for bad content."""
    digest = sha256_bytes(content)
    try:
        pixels, facts = image.measure(content)
    except DecodeError as error:
        return Measurements(digest, len(content), decode_error=str(error))
    return Measurements(digest, perceptual_hash=difference_hash(pixels), **asdict(facts))


def measure_sound(content: bytes) -> SoundMeasurements:
    """Measurements of one sound file's bytes; never raises for bad content."""
    from tatara.core.modalities import audio

    digest = sha256_bytes(content)
    try:
        sound, facts = audio.measure(content)
    except DecodeError as error:
        return SoundMeasurements(digest, len(content), decode_error=str(error))
    samples = np.round(sound.samples * 2**15).astype(np.int32)
    return SoundMeasurements(digest, sound=sha256_bytes(samples.tobytes()), **asdict(facts))


def measure_mask(content: bytes) -> MaskMeasurements:
    """Measurements of one label mask's bytes; never raises for bad content."""
    digest = sha256_bytes(content)
    try:
        labels = _read_mask(content)
    except DecodeError as error:
        return MaskMeasurements(digest, error=str(error))
    height, width = labels.shape
    counts = np.bincount(labels.reshape(-1), minlength=256)
    values = np.flatnonzero(counts)
    return MaskMeasurements(digest, width, height, " ".join(map(str, values)), " ".join(map(str, counts[values])))


def measure_paired(content: bytes) -> PairedMeasurements:
    """Measurements of one image of a pair; never raises for bad content."""
    digest = sha256_bytes(content)
    try:
        pixels = image.decode(content)
    except DecodeError as error:
        return PairedMeasurements(digest, error=str(error))
    height, width, _ = pixels.shape
    return PairedMeasurements(digest, width, height, sha256_bytes(pixels.tobytes()))


MEASURED: dict[str, tuple[type[Any], Callable[[bytes], Any]]] = {
    "image": (Measurements, measure_content),
    "audio": (SoundMeasurements, measure_sound),
}
"""By modality: the record of one file, and what makes it of the bytes."""


def _read_mask(content: bytes) -> NDArray[np.uint8]:
    """The stored values ``uint8 (height, width)`` of a PNG: of a palette its positions, not its colours."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as mask:
            if mask.width * mask.height > image.MAX_PIXELS:
                raise DecodeError(f"too large: {mask.width} x {mask.height} pixels")
            if mask.mode not in ("P", "L"):
                raise DecodeError(f"pixel format {mask.mode}: a label mask holds classes as 8-bit palette or grey")
            return np.asarray(mask)
    except DecodeError:
        raise
    except Exception as error:  # as with images: Pillow raises whatever comes on damaged files
        raise DecodeError(f"not a label mask in PNG: {' '.join(str(error).split()) or type(error).__name__}") from None


def difference_hash(pixels: NDArray[np.uint8]) -> str:
    """The 64-bit dHash of ``uint8 (height, width, 3)`` as 16 hexadecimal digits.

    Grey, scaled to 9 x 8; a bit is set where a pixel is brighter than its right neighbour (N. Krawetz, "Kind of like
    that", 2013). Near-duplicates differ in few bits.
    """
    grey = Image.fromarray(pixels).convert("L").resize((9, 8), Image.Resampling.BOX, reducing_gap=2.0)
    values = np.asarray(grey, np.int16)
    return np.packbits(values[:, :-1] > values[:, 1:]).tobytes().hex()
