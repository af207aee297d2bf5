"""A small convolutional network on a log-mel spectrogram: the quickest of those that listen."""

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from pipelines.tasks.classification import parameters as classification

if TYPE_CHECKING:
    import keras

PAPER = "Hershey et al. 2017, CNN Architectures for Large-Scale Audio Classification, arXiv:1609.09430 (the layout)"
SMALL = {"length": 1024, "rate": 4000, "window": 128, "hop": 64, "bands": 16, "width": 4, "batch_size": 8}
"""The smallest configuration that exercises everything, for the conformance tests."""


class Parameters(classification.AudioParameters):
    """Adds the spectrogram's measures and ``width``."""

    model: str = "logmel_cnn"
    window: int = Field(256, ge=32, le=8192, description="samples of a window of the spectrogram")
    hop: int = Field(80, ge=8, le=8192, description="samples from one window to the next")
    bands: int = Field(40, ge=8, le=256, description="of equal width in mel")
    width: int = Field(24, ge=4, le=512, description="filters of the first block; doubled by each next one")
    epochs: int = Field(30, ge=1)
    dropout: float = Field(0.3, ge=0, lt=1)

    @model_validator(mode="after")
    def _frames(self) -> "Parameters":
        if self.length < self.window + 7 * self.hop:
            raise ValueError(f"window={self.window}, hop={self.hop}: fewer than 8 windows in length={self.length}")
        return self


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """Three blocks of two 3x3 convolutions over time and frequency, then the mean over time and the largest over it."""
    import keras

    from pipelines.nn.hearing import LogMel, exact_policy

    p = parameters
    inputs = keras.Input((p.length, 1))
    x = LogMel(p.rate, p.window, p.hop, p.bands, dtype=exact_policy(), name="logmel")(inputs)
    x = keras.layers.Reshape((*x.shape[1:], 1))(x)
    for block in range(3):
        for _ in range(2):
            x = keras.layers.Conv2D(p.width * 2**block, 3, padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization(momentum=0.9)(x)
            x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Concatenate()([keras.layers.GlobalAveragePooling2D()(x), keras.layers.GlobalMaxPooling2D()(x)])
    x = keras.layers.Dropout(p.dropout, seed=p.seed)(x)
    outputs = keras.layers.Dense(classes, dtype="float32", name="head")(x)
    return keras.Model(inputs, outputs, name="logmel_cnn")
