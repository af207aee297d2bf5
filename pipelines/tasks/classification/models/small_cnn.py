"""A small convolutional network for small images; trains in seconds on a CPU."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pipelines.tasks.classification import parameters as classification
from tatara.core.contract import PrepareScaling

if TYPE_CHECKING:
    import keras

PAPER = "LeCun et al. 1998, Gradient-based learning applied to document recognition (the layout, with modern parts)"
SMALL = {"size": 16, "width": 4, "batch_size": 8}
"""The smallest configuration that exercises everything, for the conformance tests."""


class Parameters(classification.Parameters):
    """Adds ``norm`` and ``width``.

    The defaults were chosen by five-fold cross-validation on the digits' train and valid splits: accuracy 0.996,
    log loss 0.014. Images with more detail want a larger ``size``.
    """

    model: str = "small_cnn"
    size: int = Field(24, ge=8, le=1024)
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    scaling: PrepareScaling = "unit"
    epochs: int = Field(25, ge=1)
    rotate: float = Field(0.03, ge=0, le=0.5)
    shift: float = Field(0.1, ge=0, lt=1)
    zoom: float = Field(0.1, ge=0, lt=1)
    norm: Literal["batch", "layer", "instance", "group"] = Field("batch", description="after each convolution")
    width: int = Field(24, ge=4, le=512, description="filters of the first block; doubled by each next one")


def _normalization(kind: str) -> Any:
    import keras

    if kind == "batch":
        return keras.layers.BatchNormalization(momentum=0.9)  # short trainings: forget the start within tens of steps
    if kind == "layer":
        return keras.layers.GroupNormalization(groups=1)  # over height, width and channels, at any size of image
    return keras.layers.GroupNormalization(groups=-1 if kind == "instance" else 4)


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """Three blocks of two 3x3 convolutions, halving the side and doubling the width, then global average pooling."""
    import keras

    x = inputs = keras.Input((parameters.size, parameters.size, 3))
    for block in range(3):
        for _ in range(2):
            x = keras.layers.Conv2D(parameters.width * 2**block, 3, padding="same", use_bias=False)(x)
            x = _normalization(parameters.norm)(x)
            x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(parameters.dropout, seed=parameters.seed)(x)
    outputs = keras.layers.Dense(classes, dtype="float32", name="head")(x)
    return keras.Model(inputs, outputs, name="small_cnn")
