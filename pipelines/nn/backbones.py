"""Feature maps of published classification networks, for the kinds that look at places in an image.

Their layers stand in the order of ``keras.applications``, so that ImageNet's weights find them by class and number.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

VGG16_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and convolutions of each block."""

BATCH_NORM_MOMENTUM = 0.9
"""Of the moving statistics. The papers' 0.99 and more need thousands of steps to forget where they began."""

MOBILENET_V2_LAYERS = {8: "block_6_expand_relu", 16: "block_13_expand_relu", 32: "out_relu"}
"""Stride -> the last layer of MobileNetV2 with that stride; the expanded features, as in SSDLite (arXiv:1801.04381)."""


def vgg16_blocks(inputs: Any, width: float = 1.0) -> list[Any]:
    """The outputs of VGG16's five blocks, before pooling: strides 1, 2, 4, 8 and 16.

    Sides are rounded up by the pooling, as Caffe does, and down by ``keras.applications``; the weights are the same.

    Args:
        inputs: prepared images (batch, size, size, 3).
        width: factor on the filters.
    """
    import keras

    x, found = inputs, []
    for block, (filters, convolutions) in enumerate(VGG16_BLOCKS, start=1):
        kept = max(1, round(filters * width))
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            x = keras.layers.Conv2D(kept, 3, padding="same", activation="relu", name=name)(x)
        found.append(x)
        if block < len(VGG16_BLOCKS):
            x = keras.layers.MaxPooling2D(2, padding="same", name=f"block{block}_pool")(x)
    return found


def mobilenet_v2(size: int, width: float, weights: str | None = None) -> "keras.Model":
    """MobileNetV2 up to its last convolution, from prepared images (batch, size, size, 3).

    Args:
        size: side of the image.
        width: factor on the filters, the paper's alpha.
        weights: ``imagenet``, from the cache under ``KERAS_HOME`` or the network, or None.
    """
    import keras

    backbone: keras.Model = keras.applications.MobileNetV2(
        input_shape=(size, size, 3), alpha=width, include_top=False, weights=weights
    )
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = BATCH_NORM_MOMENTUM
    return backbone


def features(backbone: "keras.Model", layers: Sequence[str]) -> list[Any]:
    """The outputs of the named layers."""
    return [backbone.get_layer(name).output for name in layers]
