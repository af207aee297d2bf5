"""Make the dataset ``tones``: short sounds of six kinds in noise, synthetic, from a seed.

``python -m pipelines.datasets.tones DIR`` writes the folder; the bytes are the same every time. Pitch, loudness, length
and noise differ from sound to sound, so that none of them says the class. Random numbers are raw outputs of PCG64,
whose stream NumPy keeps.
"""

import io
import sys
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipelines.datasets.dataset import SPLITS, Description, write_description
from pipelines.datasets.textures import Draw
from tatara.core.errors import UsageError
from tatara.core.files import whole_directory

SEED = 0
RATE = 8000
SECONDS = (0.15, 0.35)
PITCH = (200.0, 1400.0)
"""Lowest and highest frequency that a sound begins with or ends at, hertz."""
NOISE = (-26.0, -4.0)
"""Decibels of the noise over the sound, the least and the most."""
CLASSES = ("falling", "noise", "pulses", "rising", "tone", "warble")
COUNTS = {"train": 40, "valid": 10, "test": 20}
"""Of each class."""

DESCRIPTION = Description(
    modality="audio",
    kind="classification",
    format="audio-folder",
    classes=CLASSES,
    splits={split: f"{COUNTS[split]} sounds of each class, seed {SEED}" for split in SPLITS},
    licence="CC0 1.0",
    source="pipelines/datasets/tones.py",
    notes="Synthetic: a steady tone, a chirp up or down, a tone whose pitch or loudness wavers, and noise alone.",
)


def make(folder: Path) -> None:
    """Write the sounds as WAV of 16 bits, ``<split>/<class>/<number>.wav``."""
    with whole_directory(folder) as temporary:
        for place, split in enumerate(SPLITS):
            for position, label in enumerate(CLASSES):
                own = temporary / split / label
                own.mkdir(parents=True)
                for number in range(COUNTS[split]):
                    samples = sound(label, Draw(SEED, place, 1000 * position + number))
                    (own / f"{number:02}.wav").write_bytes(wav(samples))
        write_description(temporary, DESCRIPTION)


def sound(label: str, draw: Draw) -> NDArray[np.float64]:
    """One sound of a class, ``float64 (samples,)`` in -1..1."""
    count = round(RATE * _between(draw, *SECONDS))
    time = np.arange(count) / RATE
    low, ratio = _between(draw, PITCH[0], PITCH[1] / 2), _between(draw, 1.5, 2.0)
    begin, end = {"rising": (low, low * ratio), "falling": (low * ratio, low)}.get(label, (low, low))
    pitch = begin + (end - begin) * np.arange(count) / count
    rate = _between(draw, 12.0, 25.0)
    wave = np.sin(2 * np.pi * rate * time + _between(draw, 0, 6.28))
    if label == "warble":
        pitch = pitch * (1 + 0.25 * wave)
    clean = np.sin(2 * np.pi * np.cumsum(pitch) / RATE + _between(draw, 0, 6.28))
    if label == "pulses":
        clean = clean * (0.5 + 0.5 * wave)
    noise = draw.many(-1000, 1000, (count,)) / 1000 * 10 ** (_between(draw, *NOISE) / 20)
    both = noise if label == "noise" else clean + noise
    edge = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.01 * RATE))
    found: NDArray[np.float64] = both * edge * (_between(draw, 0.1, 0.9) / np.abs(both).max())
    return found


def wav(samples: NDArray[np.float64]) -> bytes:
    """The samples as a WAV file of 16 bits."""
    stream = io.BytesIO()
    soundfile.write(stream, np.rint(samples * 32767).astype(np.int16), RATE, "PCM_16", format="WAV")
    return stream.getvalue()


def _between(draw: Draw, low: float, high: float) -> float:
    return low + (high - low) * draw.between(0, 10_000) / 10_000


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise UsageError("usage: python -m pipelines.datasets.tones DIR")
    make(Path(sys.argv[1]))
