"""Sounds: the one decoder from file bytes to samples, and the measurements that rules are written on.

Training, evaluation and serving all read sounds through `decoded`, so a file means the same samples everywhere: the
mean of its channels, resampled here and nowhere else.
"""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tatara.core import sound_picture
from tatara.core.contract import AudioPreparation, Bound, Preparation
from tatara.core.errors import DecodeError, SamplesError

DECODER = "audio-1"
"""Version of `decoded`'s meaning; caches and contracts carry it, so change it whenever a sample can change."""

MEDIA, NOUN = "audio/", "sounds"
INPUT, SHAPE, DTYPE = "audio", ("samples", 1), np.float32
EXTENSIONS = (".flac", ".wav")
FORMATS = ("FLAC", "WAV", "WAVEX", "RF64")
MAX_SAMPLES = 2**25
"""Of all channels of one file: over 50 minutes of mono at 10 kHz, and 128 MB as floats."""
MAX_RATE = 384_000
SILENT, CLIPPED = 10 ** (-50 / 20), 1 - 2**-14
"""Magnitudes below which a sample is silence (-50 dB of full scale), and from which it is taken for cut off."""
BLOCK = 2**18
UNKNOWN = 2**32 - 2**16
"""From here on, the length of a WAV file's samples is none."""

Samples = NDArray[np.float32]
Header = Mapping[str, float]
"""What a file's header tells of `Facts`: ``seconds``, ``rate`` and ``channels``."""


@dataclass(frozen=True)
class Facts:
    """Measurements of one sound file; the field names are the columns that validation rules use.

    Attributes:
        seconds: duration.
        rate: samples a second, as stored.
        channels: as stored.
        encoding: libsndfile's name of the stored form, such as ``WAV PCM_16``.
        bytes: length of the file.
        peak, rms: largest magnitude and root of the mean square of the mean of the channels; 1 is full scale.
        clipped: part of the samples, of any channel, at full scale.
        silent: part of the samples below -50 dB of full scale.
    """

    seconds: float
    rate: float
    channels: float
    encoding: str
    bytes: int
    peak: float
    rms: float
    clipped: float
    silent: float


@dataclass(frozen=True)
class Sound:
    """Samples ``float32 (samples, channels)``, nominally in -1..1, and how many there are a second."""

    samples: Samples
    rate: int
    encoding: str

    @property
    def mono(self) -> Samples:
        """The mean of the channels, ``float32 (samples,)``."""
        found: Samples = self.samples.mean(axis=1, dtype=np.float32)
        return found


def decode(content: bytes, most: int = MAX_SAMPLES, admit: Callable[[Header], None] = lambda header: None) -> Sound:
    """A WAV or FLAC file as it is stored.

    Args:
        content: the file's bytes.
        most: samples of all channels that are read.
        admit: raises where it does not like what the header says, before a sample is read.

    Raises:
        SamplesError: it holds more, by its header.
        DecodeError: empty, damaged, shorter than its header says, another format, without a sample, or with numbers
            that are not finite.
    """
    if not content:
        raise DecodeError("the file is empty (0 bytes)")
    if missing := _missing(content):
        raise DecodeError(f"damaged sound: the file ends {missing:,} bytes early")
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            return _read(file, min(most, MAX_SAMPLES), admit)
    except soundfile.LibsndfileError as error:
        raise DecodeError(f"not a sound that is read here, WAV or FLAC: {_words(error)}") from None
    except (RuntimeError, ValueError, OverflowError, MemoryError) as error:
        raise DecodeError(f"damaged sound: {_words(error)}") from None


def _missing(content: bytes) -> int:
    """Bytes by which a WAV file is shorter than its header says; libsndfile reads what is there and keeps quiet.

    Programs that write to a pipe cannot know the length, and say the largest number.
    """
    at = 12
    while content[:4] == b"RIFF" and content[8:12] == b"WAVE" and at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if name == b"data":
            return 0 if size >= UNKNOWN else max(0, at + 8 + size - len(content))
        at += 8 + size + size % 2
    return 0


def _read(file: soundfile.SoundFile, most: int, admit: Callable[[Header], None]) -> Sound:
    if file.format not in FORMATS:
        raise DecodeError(f"format {file.format} is not read; save it as WAV or FLAC")
    if not 1 <= file.samplerate <= MAX_RATE:
        raise DecodeError(f"{file.samplerate:,} samples a second; up to {MAX_RATE:,} are read")
    if file.frames * file.channels > most:
        held = f"{file.frames:,} samples of {file.channels} channel(s)"
        raise SamplesError(f"too long: {held}, at most {most:,} in all are read")
    if not file.frames:
        raise DecodeError("the sound has no sample")
    seconds = file.frames / file.samplerate
    admit({"seconds": seconds, "rate": float(file.samplerate), "channels": float(file.channels)})
    blocks, read = [], 0
    while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):  # a header may promise anything
        blocks.append(block)
        read += len(block)
        if read > file.frames:
            break
    if read != file.frames:
        raise DecodeError(f"damaged sound: {read:,} of {file.frames:,} samples are there")
    samples = np.concatenate(blocks)
    if not np.isfinite(samples).all():
        raise DecodeError("the sound has samples that are not finite numbers")
    return Sound(samples, file.samplerate, f"{file.format} {file.subtype}")


def _words(error: Exception) -> str:
    text = " ".join(str(getattr(error, "error_string", error)).split())
    return text.rstrip(".") or type(error).__name__


def measure(
    content: bytes, most: int = MAX_SAMPLES, admit: Callable[[Header], None] = lambda header: None
) -> tuple[Sound, Facts]:
    """`decode`, with the measurements that the rules are written on.

    Raises:
        DecodeError: as `decode`.
    """
    sound = decode(content, most, admit)
    mono = sound.mono
    magnitude = np.abs(mono)
    return sound, Facts(
        seconds=len(mono) / sound.rate, rate=float(sound.rate), channels=float(sound.samples.shape[1]),
        encoding=sound.encoding, bytes=len(content), peak=float(magnitude.max()),
        rms=math.sqrt(float(np.square(mono, dtype=np.float64).mean())),
        clipped=float((np.abs(sound.samples) >= CLIPPED).mean()), silent=float((magnitude < SILENT).mean()),
    )  # fmt: skip


def decoded(content: bytes, preparation: Preparation) -> Samples:
    """The mean of a file's channels at the preparation's rate, ``float32 (samples, 1)``.

    Raises:
        DecodeError: as `decode`.
    """
    return _resampled(decode(content), preparation)


def admitted(content: bytes, bounds: Sequence[Bound], preparation: Preparation, most: int = MAX_SAMPLES) -> Samples:
    """`decoded`, of what satisfies the contract's bounds.

    Args:
        content: the file's bytes.
        bounds: of the contract.
        preparation: of the contract.
        most: samples of all channels that are read.

    Raises:
        DecodeError: the bytes cannot be read, or hold too many samples.
        BoundError: a bound is broken; the message begins with the rule's name.
    """

    def admit(header: Header) -> None:
        for bound in bounds:
            if bound.column in header:
                bound.hold(header[bound.column])

    sound, facts = measure(content, most, admit)
    for bound in bounds:
        bound.hold(getattr(facts, bound.column))
    return _resampled(sound, preparation)


def _resampled(sound: Sound, preparation: Preparation) -> Samples:
    assert isinstance(preparation, AudioPreparation)
    mono = sound.mono
    if sound.rate != preparation.rate:
        mono = soxr.resample(mono, sound.rate, preparation.rate, "HQ").astype(np.float32, copy=False)
    if not len(mono):  # less than half a sample at the lower rate
        raise DecodeError(f"too short: {len(sound.samples)} sample(s) at {sound.rate} a second")
    return mono[:, None]


def resized(samples: Samples, scale: tuple[float, float]) -> Samples:
    """The sound's beginning, or the sound and its beginning again, ``scale``'s first times as long."""
    length = max(1, round(len(samples) * scale[0]))
    return np.resize(samples, (length, 1))


def shown(content: bytes) -> NDArray[np.uint8]:
    """A file's waveform above its spectrogram, ``uint8 (height, width, 3)``.

    Raises:
        DecodeError: as `decode`.
    """
    sound = decode(content)
    return sound_picture.draw(sound.mono, sound.rate)


def pictured(samples: Samples, preparation: Preparation) -> NDArray[np.uint8]:
    """What `decoded` gave as `shown` draws it."""
    assert isinstance(preparation, AudioPreparation)
    return sound_picture.draw(samples[:, 0], preparation.rate)
