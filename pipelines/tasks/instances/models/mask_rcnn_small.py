"""Mask R-CNN on a slim residual network with group normalization: trains from random weights on two cores."""

from typing import TYPE_CHECKING, Any

from pydantic import Field

from pipelines.tasks.instances import parameters as instances
from tatara.core.contract import PrepareScaling

if TYPE_CHECKING:
    import keras

PAPER = "He et al. 2017, Mask R-CNN, arXiv:1703.06870; Wu and He 2018, Group normalization, arXiv:1803.08494"
SMALL: dict[str, Any] = {
    "size": 64, "width": 8, "channels_pyramid": 16, "box_units": 16, "mask_channels": 8, "mask_layers": 1,
    "candidates": 32, "proposals": 32, "detections": 16, "box_samples": 16, "batch_size": 4,
}  # fmt: skip
"""The smallest configuration that exercises everything, for the conformance tests."""


class Parameters(instances.Parameters):
    """Objects of some ten pixels and more; group normalization, since batches are small and images differ."""

    model: str = "mask_rcnn_small"
    size: int = Field(256, ge=64, le=2048, multiple_of=32)
    scaling: PrepareScaling = "unit"
    batch_size: int = Field(8, ge=1)
    width: int = Field(24, ge=8, le=256, multiple_of=8, description="filters of the first stage; doubled by each next")

    channels_pyramid: int = Field(64, ge=8)
    anchor: float = Field(16.0, gt=0)
    canonical: float = Field(112.0, gt=0)
    candidates: int = Field(256, ge=1)
    proposals: int = Field(200, ge=1)
    box_units: int = Field(256, ge=8)
    mask_channels: int = Field(48, ge=8)
    mask_layers: int = Field(2, ge=1)
    detections: int = Field(128, ge=1)
    anchor_samples: int = Field(256, ge=2)
    box_samples: int = Field(96, ge=4)


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """Deviations: four stages of two residual blocks, each with group normalization; narrow heads; finer anchors."""
    from pipelines.tasks.instances.rcnn import MaskRCNN

    return MaskRCNN(_backbone(parameters.size, parameters.width), parameters, classes)


def _backbone(size: int, width: int) -> "keras.Model":
    import keras

    inputs = keras.Input((size, size, 3))
    x = _convolution(inputs, width, 3, 2)
    maps = []
    for stage in range(4):
        filters = width * 2**stage
        x = _block(_block(x, filters, 2), filters, 1)
        maps.append(x)
    return keras.Model(inputs, maps, name="backbone")


def _block(x: Any, filters: int, stride: int) -> Any:
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes."""
    import keras

    y = _convolution(x, filters, 3, stride)
    y = _convolution(y, filters, 3, 1, activation=None)
    if stride > 1:
        x = _convolution(x, filters, 1, stride, activation=None)
    return keras.layers.ReLU()(keras.layers.Add()([x, y]))


def _convolution(x: Any, filters: int, side: int, stride: int, activation: str | None = "relu") -> Any:
    import keras

    x = keras.layers.Conv2D(
        filters, side, stride, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(x)  # fmt: skip
    x = keras.layers.GroupNormalization(8, epsilon=1e-5)(x)  # as invariant to dim images as float32 allows
    return keras.layers.ReLU()(x) if activation else x
