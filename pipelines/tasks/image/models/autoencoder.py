"""A convolutional autoencoder: all that is known of an image passes through few numbers, without skips around them.

After Hinton and Salakhutdinov 2006, Reducing the dimensionality of data with neural networks, with convolutions
(Masci et al. 2011). What it loses of a picture is what a U-Net's skips are worth.
"""

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from pipelines.nn.unet import Norm, Upsampling, doubled, normalized, whole_halves
from pipelines.tasks.image import parameters as image

if TYPE_CHECKING:
    import keras

PAPER = "Masci et al. 2011, Stacked convolutional auto-encoders for hierarchical feature extraction, ICANN"
SMALL = {"size": 32, "width": 4, "depth": 2, "batch_size": 4}
"""The smallest configuration that exercises everything, for the conformance tests."""


class Parameters(image.Parameters):
    """Adds ``width``, ``depth``, ``code``, ``norm`` and ``upsampling``."""

    model: str = "autoencoder"
    width: int = Field(32, ge=2, le=256, description="filters of the first level; doubled by each next one")
    depth: int = Field(3, ge=1, le=7, description="how often the side is halved")
    code: int = Field(0, ge=0, le=4096, description="channels of the narrowest level; 0 takes the last one's filters")
    norm: Norm = Field("batch", description="after each convolution: none, batch, instance or layer")
    upsampling: Upsampling = Field("resize", description="by transposed convolutions, or resize and convolution")

    @model_validator(mode="after")
    def _halves(self) -> "Parameters":
        whole_halves(self.size, self.depth)
        return self


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The network: ``float32 (batch, size, size, 3)`` to an image of that size, 0 to 1."""
    import keras

    p = parameters
    x = inputs = keras.Input((p.size, p.size, 3))
    for level in range(p.depth):
        last = level == p.depth - 1
        filters = p.code if last and p.code else p.width * 2**level
        x = keras.layers.Conv2D(
            filters, 4, strides=2, padding="same", use_bias=p.norm == "none", kernel_initializer="he_normal"
        )(x)
        x = keras.layers.ReLU()(normalized(x, p.norm))
    for level in reversed(range(p.depth)):
        x = doubled(x, p.width * 2 ** max(level - 1, 0), p.upsampling, side=4, bias=p.norm == "none")
        x = keras.layers.ReLU()(normalized(x, p.norm))
    outputs = keras.layers.Conv2D(3, 3, padding="same", activation="sigmoid", dtype="float32", name="head_image")(x)
    return keras.Model(inputs, outputs, name="autoencoder")
