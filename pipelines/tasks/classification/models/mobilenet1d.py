"""MobileNet's depthwise separable convolutions along time, on the waveform itself."""

from typing import TYPE_CHECKING, Any

from pydantic import Field

from pipelines.tasks.classification import parameters as classification

if TYPE_CHECKING:
    import keras

PAPER = "Howard et al. 2017, MobileNets, arXiv:1704.04861, along one axis"
SMALL = {"length": 1024, "rate": 4000, "width": 8, "batch_size": 8}
"""The smallest configuration that exercises everything, for the conformance tests."""

STAGES = ((1, 2), (2, 4), (2, 4), (2, 2), (2, 2))
"""Factor on the filters of the stage before, and stride, of each stage; the first convolution has stride 4."""


class Parameters(classification.AudioParameters):
    """Adds ``width``."""

    model: str = "mobilenet1d"
    width: int = Field(24, ge=4, le=512, description="filters of the first convolution")
    epochs: int = Field(40, ge=1)
    dropout: float = Field(0.3, ge=0, lt=1)


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """A convolution, then separable ones that halve or quarter the length, then the mean over time."""
    import keras

    x = inputs = keras.Input((parameters.length, 1))
    x = _activated(keras.layers.Conv1D(parameters.width, 32, strides=4, padding="same", use_bias=False)(x))
    filters = parameters.width
    for factor, stride in STAGES:
        filters *= factor
        for strides in (stride, 1):
            x = keras.layers.DepthwiseConv1D(9, strides=strides, padding="same", use_bias=False)(x)
            x = _activated(x)
            x = _activated(keras.layers.Conv1D(filters, 1, use_bias=False)(x))
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dropout(parameters.dropout, seed=parameters.seed)(x)
    outputs = keras.layers.Dense(classes, dtype="float32", name="head")(x)
    return keras.Model(inputs, outputs, name="mobilenet1d")


def _activated(x: Any) -> Any:
    import keras

    return keras.layers.ReLU(6.0)(keras.layers.BatchNormalization(momentum=0.9)(x))
