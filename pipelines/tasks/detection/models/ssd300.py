"""SSD300: a VGG16 whose feature maps of six sizes each say where objects are and what they show.

Deviations from the paper: default boxes are centred on equal cells of the unit square (its formula; the authors' Caffe
code steps by 8, 16, ... 300 pixels) and of truths that overlap one default box most the nearest takes it. The scales
are those of the authors' code. Pixels are whitened by mean colour alone and rates fall along a cosine.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines.nn.backbones import VGG16_BLOCKS, vgg16_blocks
from pipelines.tasks.detection import parameters as detection
from pipelines.tasks.detection.heads import boxes_by_map, detector, shapes_of
from tatara.core.contract import PrepareScaling

if TYPE_CHECKING:
    import keras

PAPER = "Liu et al. 2016, SSD: single shot multibox detector, arXiv:1512.02325"
SMALL = {"width": 0.0625, "batch_size": 2, "candidates": 8, "max_detections": 4}
"""The smallest configuration that exercises everything, for the conformance tests. It gives out few boxes: before a
training they score alike, and rounding decides which of two that overlap stays."""

ROWS = (38, 19, 10, 5, 3, 1)
SCALES = (0.1, 0.2, 0.37, 0.54, 0.71, 0.88, 1.05)
"""Of the default boxes of each map, and the one after the last."""
TWO, FOUR = (2.0, 0.5), (2.0, 0.5, 3.0, 1 / 3)
RATIOS = (TWO, FOUR, FOUR, FOUR, TWO, TWO)


class Parameters(detection.Parameters):
    """The paper's preparation, batch and optimizer; it starts from ImageNet's weights: ``weights=imagenet``."""

    model: str = "ssd300"
    size: Literal[300] = 300
    width: float = Field(1.0, ge=0.05, le=1, description="factor on the filters of every layer; 1 is the paper's")
    channels: Literal["rgb", "bgr"] = "bgr"
    scaling: PrepareScaling = "none"
    mean: tuple[float, float, float] = (103.939, 116.779, 123.68)
    epochs: int = Field(100, ge=1)
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "sgd"
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(5e-4, ge=0)
    warmup_epochs: float = Field(1.0, ge=0)


def default_boxes(parameters: Parameters) -> NDArray[np.float32]:
    """The 8,732 default boxes ``float32 (8732, 4)`` in the unit square, in the order of the model's outputs."""
    shapes = [shapes_of(SCALES[i], SCALES[i + 1], ratios) for i, ratios in enumerate(RATIOS)]
    return boxes_by_map(ROWS, shapes)


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """VGG16 with fc6 and fc7 as convolutions, four more stages, and a head on each of six maps."""
    import keras

    from pipelines.nn.l2 import L2Normalization

    def convolution(x: Any, filters: int, side: int, name: str, **options: Any) -> Any:
        filters = max(1, round(filters * parameters.width))
        settings = {"padding": "same", "activation": "relu", **options}
        return keras.layers.Conv2D(filters, side, name=name, **settings)(x)

    inputs = keras.Input((parameters.size, parameters.size, 3))
    *_, conv4, conv5 = vgg16_blocks(inputs, parameters.width)
    maps = [L2Normalization(20.0, name="conv4_3_norm")(conv4)]
    x = keras.layers.MaxPooling2D(3, strides=1, padding="same", name="block5_pool")(conv5)
    x = convolution(x, 1024, 3, "fc6", dilation_rate=6)
    maps.append(x := convolution(x, 1024, 1, "fc7"))
    stages = [(256, 512, {"strides": 2}), (128, 256, {"strides": 2})] + 2 * [(128, 256, {"padding": "valid"})]
    for number, (narrow, wide, options) in enumerate(stages, start=8):
        x = convolution(x, narrow, 1, f"conv{number}_1")
        maps.append(x := convolution(x, wide, 3, f"conv{number}_2", **options))
    return detector(inputs, [_head(i, each, classes) for i, each in enumerate(maps)], classes, "ssd300")


def _head(number: int, features: Any, classes: int) -> tuple[Any, Any]:
    """Offsets and logits of each default box on a map, each from one 3x3 convolution."""
    import keras

    boxes = 2 + len(RATIOS[number])
    offsets = keras.layers.Conv2D(4 * boxes, 3, padding="same", dtype="float32", name=f"head_boxes_{number}")
    logits = keras.layers.Conv2D(
        (1 + classes) * boxes, 3, padding="same", dtype="float32", name=f"head_classes_{number}"
    )
    return offsets(features), logits(features)


def imagenet(parameters: Parameters) -> "keras.Model":
    """VGG16's convolutions, and fc6 and fc7 thinned out to convolutions as in section 3 of the paper.

    Raises:
        ValueError: a width for which nobody has published weights.
    """
    import keras

    if parameters.width != 1:
        raise ValueError(f"ImageNet's weights are of width=1, not {parameters.width}")
    whole = keras.applications.VGG16(weights="imagenet")
    backbone = build(parameters, 1)
    for block, (_, convolutions) in enumerate(VGG16_BLOCKS, start=1):
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            backbone.get_layer(name).set_weights(whole.get_layer(name).get_weights())
    for name, shape, step in (("fc6", (7, 7, 512, 4096), 3), ("fc7", (1, 1, 4096, 4096), 1)):
        kernel, bias = whole.get_layer({"fc6": "fc1", "fc7": "fc2"}[name]).get_weights()
        inputs = 1 if name == "fc6" else 4
        thinned = kernel.reshape(shape)[::step, ::step, ::inputs, ::4]
        backbone.get_layer(name).set_weights([thinned, bias[::4]])
    return keras.Model(backbone.input, backbone.get_layer("fc7").output)
