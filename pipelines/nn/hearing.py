"""What networks that listen begin with, as parts of the exported graph: mu-law codes and log-mel spectrograms."""

import math
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

CODES = 256
"""Of mu-law in 8 bits."""
QUIETEST = 1e-5
"""Power that is added before the logarithm, so that silence has one; full scale is near 1."""


def exact_policy() -> str:
    """What the first layers compute in: half precision holds neither codes nor powers."""
    return "float64" if keras.config.dtype_policy().compute_dtype == "float64" else "float32"


class MuLaw(keras.layers.Layer):
    """Waveform ``(batch, length, 1)`` in -1..1 -> its code ``int32 (batch, length)`` of `CODES`, finer near silence.

    f(x) = sign(x) ln(1 + 255 |x|) / ln 256, in equal steps (ITU-T G.711's curve, as in section 2.2 of
    arXiv:1609.03499).
    """

    def call(self, waveform: Any) -> Any:
        """See the class."""
        ops = keras.ops
        bounded = ops.clip(waveform[..., 0], -1.0, 1.0)
        curved = ops.sign(bounded) * ops.log(1.0 + (CODES - 1) * ops.abs(bounded)) / math.log(CODES)
        return ops.cast(ops.clip(ops.floor((curved + 1) / 2 * CODES), 0, CODES - 1), "int32")


class LogMel(keras.layers.Layer):
    """Waveform ``(batch, length, 1)`` -> logarithm of its power in mel bands, ``(batch, frames, bands)``, near -1..1.

    Windows are weighed by Hann's curve. Their Fourier transform is a convolution with cosines and sines, since the
    short-time transforms of TensorFlow have no ONNX operator.

    Args:
        rate: samples a second.
        window, hop: samples of a window, and from one to the next.
        bands: of equal width in mel, from 20 Hz to half the rate.
    """

    def __init__(self, rate: int, window: int, hop: int, bands: int, **options: Any) -> None:
        super().__init__(trainable=False, **options)
        self.hop = hop
        turns = 2 * np.pi * np.outer(np.arange(window), np.arange(window // 2 + 1)) / window
        weight = np.hanning(window + 1)[:-1, None] * 2 / window
        self.waves = np.concatenate([np.cos(turns) * weight, np.sin(turns) * weight], axis=1)[:, None]
        self.mel = mel_filters(rate, window, bands)

    def call(self, waveform: Any) -> Any:
        """See the class."""
        ops, dtype = keras.ops, waveform.dtype
        waves = ops.convert_to_tensor(self.waves, dtype)
        parts = ops.conv(waveform, waves, self.hop, "valid")
        power = ops.square(parts)
        bins = self.mel.shape[0]
        bands = ops.matmul(power[..., :bins] + power[..., bins:], ops.convert_to_tensor(self.mel, dtype))
        return ops.log(bands + QUIETEST) / 6 + 1


def mel_filters(rate: int, window: int, bands: int, lowest: float = 20.0) -> NDArray[np.float64]:
    """Triangles ``float64 (window // 2 + 1, bands)`` over the bins of a transform; each sums to at most about 1.

    Their corners are even in mel, 2595 log10(1 + f / 700) (O'Shaughnessy 1987). A triangle that is narrower than the
    distance of two bins takes the nearest bin.
    """

    def mel(hertz: Any) -> Any:
        return 2595 * np.log10(1 + np.asarray(hertz) / 700)

    corners = 700 * (10 ** (np.linspace(mel(lowest), mel(rate / 2), bands + 2) / 2595) - 1)
    bins = np.arange(window // 2 + 1) * rate / window
    low, centre, high = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (bins[:, None] - low) / (centre - low), (high - bins[:, None]) / (high - centre)
    filters = np.maximum(0.0, np.minimum(rising, falling))
    for band in np.flatnonzero(filters.sum(axis=0) == 0):
        filters[np.abs(bins - centre[band]).argmin(), band] = 1.0
    found: NDArray[np.float64] = filters
    return found
