"""Feature pyramid network: strong features at every stride (Lin et al. 2017, arXiv:1612.03144)."""

from collections.abc import Sequence
from typing import Any

STRIDES = (4, 8, 16, 32, 64)
"""Pixels of the image in a step on each level, P2 to P6."""


def feature_pyramid(maps: Sequence[Any], width: int, name: str) -> list[Any]:
    """The levels P2 to P6, ``width`` channels each, of a backbone's maps C2 to C5; P6 halves P5.

    Each level adds the next coarser one, enlarged by nearest neighbour, to its own map through a 1x1 convolution; a
    3x3 convolution smooths the sum. There is no nonlinearity, as in the paper.

    Args:
        maps: tensors of a functional model, strides 4, 8, 16 and 32.
        width: channels.
        name: of the layers, before their own part.
    """
    import keras

    levels: list[Any] = []
    above = None
    for number in range(len(maps) + 1, 1, -1):
        lateral = keras.layers.Conv2D(width, 1, name=f"{name}_lateral{number}")(maps[number - 2])
        if above is not None:
            lateral = keras.layers.Add()([lateral, keras.layers.UpSampling2D()(above)])
        above = lateral
        levels.insert(0, keras.layers.Conv2D(width, 3, padding="same", name=f"{name}_smooth{number}")(lateral))
    return [*levels, keras.layers.MaxPooling2D(1, 2)(levels[-1])]
