"""A sound as a picture for people: its waveform above its spectrogram."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tatara.core.drawing import ACCENT, CARD, FAINT, TRACK, font_for

WIDTH, WAVE, SPECTRUM, AXIS = 480, 140, 180, 20
QUIET = 1e-3
"""Peak below which a waveform is drawn smaller."""
FLOOR = -80.0
"""Decibels below the loudest point of the spectrogram that are drawn like silence."""
_STOPS = np.array([(255, 255, 255), (190, 210, 250), (47, 111, 237), (22, 40, 110), (12, 14, 40)], np.float64)
"""From silence to the loudest, the page's own blue between."""


def draw(samples: NDArray[np.float32], rate: int) -> NDArray[np.uint8]:
    """``uint8 (340, 480, 3)`` of samples ``float32 (samples,)``.

    Above, the least and the largest sample of each column, as high as the peak allows; below, the power of short
    windows in decibels, from 0 Hz at the bottom to half the rate at the top; then the seconds.
    """
    picture = Image.new("RGB", (WIDTH, WAVE + SPECTRUM + AXIS), CARD)
    pen = ImageDraw.Draw(picture)
    pen.line((0, WAVE // 2, WIDTH, WAVE // 2), TRACK)
    peak = float(np.abs(samples).max())
    edges = np.linspace(0, len(samples), WIDTH + 1).astype(int)
    for column, (begin, end) in enumerate(pairwise(edges)):
        own = samples[begin : max(end, begin + 1)] if begin < len(samples) else samples[-1:]
        low, high = (WAVE / 2 * (1 - float(one) / max(peak, QUIET)) for one in (own.max(), own.min()))
        pen.line((column, low, column, max(high, low + 1)), ACCENT)
    spectrum = Image.fromarray(_coloured(_decibels(samples)))
    picture.paste(spectrum.resize((WIDTH, SPECTRUM), Image.Resampling.BILINEAR), (0, WAVE))
    font, seconds = font_for("0", 13)[0], len(samples) / rate
    pen.text((2, WAVE + SPECTRUM + AXIS // 2), "0 s", FAINT, font, anchor="lm")
    pen.text((WIDTH - 2, WAVE + SPECTRUM + AXIS // 2), f"{seconds:.3g} s", FAINT, font, anchor="rm")
    below = f"peak {peak:.2g}    0 to {rate / 2000:.3g} kHz"
    pen.text((WIDTH // 2, WAVE + SPECTRUM + AXIS // 2), below, FAINT, font, anchor="mm")
    return np.asarray(picture)


def _decibels(samples: NDArray[np.float32], columns: int = 240) -> NDArray[np.float64]:
    """Power (frequencies, columns) below the loudest, in decibels, highest frequency first, at least `FLOOR`."""
    window = int(np.clip(2 ** round(np.log2(max(len(samples), 2) / 48)), 64, 1024))
    padded = np.pad(samples.astype(np.float64), (window // 2, window))
    starts = np.linspace(0, max(len(samples) - 1, 0), min(columns, len(samples))).astype(int)
    frames = padded[starts[:, None] + np.arange(window)] * np.hanning(window)
    power = np.square(np.abs(np.fft.rfft(frames, axis=1))).T[::-1]
    found: NDArray[np.float64] = np.maximum(10 * np.log10(np.maximum(power, 1e-12) / max(power.max(), 1e-9)), FLOOR)
    return found


def _coloured(decibels: NDArray[np.float64]) -> NDArray[np.uint8]:
    place = (decibels - FLOOR) / -FLOOR * (len(_STOPS) - 1)
    channels = [np.interp(place, range(len(_STOPS)), _STOPS[:, channel]) for channel in range(3)]
    found: NDArray[np.uint8] = np.stack(channels, axis=-1).astype(np.uint8)
    return found
