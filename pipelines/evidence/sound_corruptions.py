"""Small corruptions of a sound, such as a room, a microphone or a line make; the same every time.

At strengths that a listener hardly minds, as for images in `pipelines.evidence.corruptions`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
NOISE_DB, SOFT, LOUD, MUFFLED, DELAY, ECHO = 20.0, 0.5, 2.0, 0.5, 0.06, 0.3
"""Decibels of the signal over the noise, factors on the level, part of the band that a muffled sound keeps, and an
echo's delay as part of the length and its level."""


def hiss(samples: Samples, generator: np.random.Generator) -> Samples:
    """White noise, `NOISE_DB` below the sound."""
    level = np.sqrt(np.square(samples).mean()) * 10 ** (-NOISE_DB / 20)
    return _float32(samples + generator.normal(0.0, level, samples.shape))


def soft(samples: Samples, generator: np.random.Generator) -> Samples:
    """Half as loud."""
    return _float32(samples * SOFT)


def clipped(samples: Samples, generator: np.random.Generator) -> Samples:
    """Twice as loud as the peak allows: what is beyond it is cut off."""
    peak = np.abs(samples).max()
    return _float32(np.clip(samples * LOUD, -peak, peak))


def muffled(samples: Samples, generator: np.random.Generator) -> Samples:
    """Without the upper half of the band, as by a telephone or through a wall."""
    spectrum = np.fft.rfft(samples[:, 0])
    spectrum[round(MUFFLED * len(spectrum)) :] = 0
    return _float32(np.fft.irfft(spectrum, len(samples))[:, None])


def echo(samples: Samples, generator: np.random.Generator) -> Samples:
    """One echo, as in a bare room."""
    late = max(1, round(DELAY * len(samples)))
    found = samples.copy()
    found[late:] += ECHO * samples[: len(samples) - late]
    return found


CORRUPTIONS: dict[str, Callable[[Samples, np.random.Generator], Samples]] = {
    "hiss": hiss, "soft": soft, "clipped": clipped, "muffled": muffled, "echo": echo,
}  # fmt: skip


def _float32(values: NDArray[np.floating]) -> Samples:
    found: Samples = values.astype(np.float32)
    return found
