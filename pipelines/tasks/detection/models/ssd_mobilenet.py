"""SSD on MobileNetV2 with separable heads: small enough to train on a CPU."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines.nn.backbones import BATCH_NORM_MOMENTUM, MOBILENET_V2_LAYERS, features, mobilenet_v2
from pipelines.tasks.detection import parameters as detection
from pipelines.tasks.detection.heads import boxes_by_map, detector

if TYPE_CHECKING:
    import keras

PAPER = "Liu et al. 2016, SSD, arXiv:1512.02325, on Sandler et al. 2018, MobileNetV2, arXiv:1801.04381 (SSDLite)"
SMALL = {"size": 64, "width": 0.35, "batch_size": 4, "candidates": 8, "max_detections": 4}
"""The smallest configuration that exercises everything, for the conformance tests. It gives out few boxes: before a
training they score alike, and rounding decides which of two that overlap stays."""

STRIDES, SCALES = (8, 16, 32, 64), (3, 2, 2, 2)
"""Of the four maps: pixels between places, and how many scales of default boxes each has, half an octave apart."""
RATIOS = (1.0, 2.0, 0.5)
"""Width to height of the default boxes of each scale."""


class Parameters(detection.Parameters):
    """Adds ``width``, ``neck`` and the smallest object; crops alone, since small objects vanish when zoomed out."""

    model: str = "ssd_mobilenet"
    size: int = Field(256, ge=64, le=1024, multiple_of=64)
    width: float = Field(0.5, ge=0.1, le=2, description="factor on the filters of the backbone; the paper's alpha")
    neck: int = Field(96, ge=8, le=512, description="filters of the maps that the heads look at")
    smallest: float = Field(0.06, gt=0, lt=0.2, description="side of the smallest default box, as a part of the image")
    epochs: int = Field(100, ge=1)
    batch_size: int = Field(8, ge=1)
    learning_rate: float = Field(2e-3, gt=0)
    zoom_out: float = Field(1.0, ge=1)
    warmup_epochs: float = Field(1.0, ge=0)


def default_boxes(parameters: Parameters) -> NDArray[np.float32]:
    """Default boxes ``float32 (boxes, 4)`` in the unit square, in the order of the model's outputs."""
    shapes, scale = [], parameters.smallest
    for count in SCALES:
        sides = [scale * 2 ** (i / 2) for i in range(count)]
        shapes.append(np.array([(s * np.sqrt(r), s / np.sqrt(r)) for s in sides for r in RATIOS], np.float32))
        scale = sides[-1] * np.sqrt(2)
    return boxes_by_map([parameters.size // stride for stride in STRIDES], shapes)


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The backbone, a top-down path that gives fine maps the coarse ones' meaning, and a head on each map."""
    import keras

    backbone = mobilenet_v2(parameters.size, parameters.width)
    levels = features(backbone, list(MOBILENET_V2_LAYERS.values()))
    maps = [_convolution(each, parameters.neck, f"lateral_{i}") for i, each in enumerate(levels)]
    for i in (1, 0):
        maps[i] = keras.layers.Add()([maps[i], keras.layers.UpSampling2D()(maps[i + 1])])
    maps.append(_separable(maps[-1], parameters.neck, "coarsest", strides=2))
    heads = [_head(i, each, parameters.neck, classes) for i, each in enumerate(maps)]
    return detector(backbone.input, heads, classes, "ssd_mobilenet")


def imagenet(parameters: Parameters) -> "keras.Model":
    """The backbone with ImageNet's weights, from the cache under ``KERAS_HOME`` or the network."""
    return mobilenet_v2(parameters.size, parameters.width, "imagenet")


def _head(number: int, x: Any, filters: int, classes: int) -> tuple[Any, Any]:
    """Offsets and logits of each default box on a map, each from a separable convolution."""
    import keras

    boxes = SCALES[number] * len(RATIOS)
    offsets = keras.layers.Conv2D(4 * boxes, 1, dtype="float32", name=f"head_boxes_{number}")
    logits = keras.layers.Conv2D((1 + classes) * boxes, 1, dtype="float32", name=f"head_classes_{number}")
    return (
        offsets(_separable(x, filters, f"head_boxes_{number}_features")),
        logits(_separable(x, filters, f"head_classes_{number}_features")),
    )


def _separable(x: Any, filters: int, name: str, strides: int = 1) -> Any:
    import keras

    x = keras.layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False, name=f"{name}_depthwise")(x)
    x = keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_depthwise_norm")(x)
    x = keras.layers.ReLU(name=f"{name}_depthwise_relu")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(_convolution(x, filters, name))


def _convolution(x: Any, filters: int, name: str) -> Any:
    """A 1x1 convolution and its normalization."""
    import keras

    x = keras.layers.Conv2D(filters, 1, use_bias=False, name=name)(x)
    return keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_norm")(x)
