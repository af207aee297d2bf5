"""Transposed convolutions that begin as bilinear interpolation (Long et al. 2015, arXiv:1411.4038, section 3.3)."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


def bilinear_filter(factor: int) -> NDArray[np.float32]:
    """The filter ``float32 (side, side)`` that enlarges ``factor`` times; its side is ``2 * factor - factor % 2``.

    One row of it for a factor of 2 is 0.25, 0.75, 0.75, 0.25.
    """
    side = 2 * factor - factor % 2
    row = 1 - np.abs(np.arange(side) - (side - 1) / 2) / factor
    return np.outer(row, row).astype(np.float32)


@keras.saving.register_keras_serializable("tatara")
class Bilinear(keras.initializers.Initializer):
    """The kernel ``(side, side, channels, channels)`` that enlarges each channel by itself, ``factor`` times."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The kernel in ``shape``."""
        kernel = bilinear_filter(self.factor)[:, :, None, None] * np.eye(shape[2], shape[3], dtype=np.float32)
        return keras.ops.convert_to_tensor(kernel, dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"factor": self.factor}


def enlarged(x: Any, factor: int, name: str, trainable: bool = True) -> Any:
    """``x`` (batch, side, side, channels), ``factor`` times as large, by a layer that begins as bilinear."""
    channels = x.shape[-1]
    layer = keras.layers.Conv2DTranspose(
        channels, 2 * factor - factor % 2, strides=factor, padding="same", use_bias=False,
        kernel_initializer=Bilinear(factor), trainable=trainable, name=name,
    )  # fmt: skip
    return layer(x)
