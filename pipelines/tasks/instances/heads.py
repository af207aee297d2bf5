"""What stands on the feature pyramid: region proposals, the box head and the mask head (arXiv:1703.06870, figure 4).

The layers that no published backbone brings are named ``head_...``.
"""

from collections.abc import Sequence
from typing import Any

import keras

from pipelines.nn.fpn import feature_pyramid
from pipelines.tasks.instances.parameters import Parameters

BOX_SIDE, MASK_SIDE = 7, 14
"""Bins along a side of the ROIs of the two heads."""


def _small(deviation: float) -> Any:
    return keras.initializers.RandomNormal(stddev=deviation)


def region_network(backbone: keras.Model, parameters: Parameters) -> keras.Model:
    """Images -> ``levels``, ``objectness`` (batch, anchors) and ``offsets`` (batch, anchors, 4), lists by level.

    Args:
        backbone: images -> C2 to C5.
        parameters: of the model.
    """
    width, shapes = parameters.channels_pyramid, len(parameters.ratios)
    inputs = keras.Input((parameters.size, parameters.size, 3))
    levels = feature_pyramid(backbone(inputs), width, "head_fpn")
    shared = keras.layers.Conv2D(
        width, 3, padding="same", activation="relu", kernel_initializer=_small(0.01), name="head_rpn"
    )
    score = keras.layers.Conv2D(shapes, 1, kernel_initializer=_small(0.01), name="head_objectness")
    offset = keras.layers.Conv2D(4 * shapes, 1, kernel_initializer=_small(0.01), name="head_offsets")
    seen = [shared(level) for level in levels]
    return keras.Model(
        inputs,
        {
            "levels": levels,
            "objectness": [keras.layers.Reshape((-1,), dtype="float32")(score(each)) for each in seen],
            "offsets": [keras.layers.Reshape((-1, 4), dtype="float32")(offset(each)) for each in seen],
        },
        name="regions",
    )


def box_head(parameters: Parameters, classes: int) -> keras.Model:
    """ROIs (rois, 7, 7, channels) -> class logits (rois, classes + 1), the last of background, and offsets
    (rois, classes, 4).
    """
    x = inputs = keras.Input((BOX_SIDE, BOX_SIDE, parameters.channels_pyramid))
    x = keras.layers.Flatten()(x)
    for number in (1, 2):
        x = keras.layers.Dense(
            parameters.box_units, "relu", kernel_initializer="he_normal", name=f"head_box_dense{number}"
        )(x)
    logits = keras.layers.Dense(classes + 1, kernel_initializer=_small(0.01), dtype="float32", name="head_class")(x)
    offsets = keras.layers.Dense(4 * classes, kernel_initializer=_small(0.001), dtype="float32", name="head_box")(x)
    return keras.Model(inputs, [logits, keras.layers.Reshape((classes, 4), dtype="float32")(offsets)], name="box_head")


def mask_head(parameters: Parameters, classes: int) -> keras.Model:
    """ROIs (rois, 14, 14, channels) -> mask logits (rois, 28, 28, classes)."""
    width = parameters.mask_channels
    x = inputs = keras.Input((MASK_SIDE, MASK_SIDE, parameters.channels_pyramid))
    for number in range(1, parameters.mask_layers + 1):
        x = keras.layers.Conv2D(
            width, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=f"head_mask_conv{number}"
        )(x)
    x = keras.layers.Conv2DTranspose(
        width, 2, strides=2, activation="relu", kernel_initializer="he_normal", name="head_mask_double"
    )(x)
    outputs = keras.layers.Conv2D(classes, 1, dtype="float32", name="head_mask")(x)
    return keras.Model(inputs, outputs, name="mask_head")


def sides(network: keras.Model) -> Sequence[int]:
    """Cells along a side of each level of a region network."""
    return [int(level.shape[1]) for level in network.output["levels"]]
