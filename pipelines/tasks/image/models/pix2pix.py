"""pix2pix: a U-Net that answers, against a critic that judges patches of 70 pixels of image and answer together.

Deviations from the paper: the dropout of the expanding path is noise in training alone, so that a file is always
answered the same; answers are 0 to 1 by a sigmoid; a half of the paper's filters and windows of 128 by default.
"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from pipelines.nn.unet import Norm, Upsampling, doubled, normalized, whole_halves
from pipelines.tasks.image import parameters as image
from tatara.core.errors import UsageError

if TYPE_CHECKING:
    import keras

PAPER = "Isola et al. 2017, Image-to-image translation with conditional adversarial networks, arXiv:1611.07004"
SMALL = {"size": 32, "width": 4, "depth": 3, "critic_width": 4, "batch_size": 4}
"""The smallest configuration that exercises everything, for the conformance tests."""
MOST, LEAK, DROPOUT, NOISY = 8, 0.2, 0.5, 3
"""Times the first level's filters that a level has at most, slope below 0, share dropped, and on how many levels."""
DEVIATION = 0.02
"""Of the first weights of the convolutions."""
CRITIC = (1, 2, 4, 8)
"""Filters of the critic's convolutions, in widths; the last one strides by 1."""


class Parameters(image.Parameters):
    """Adds both players' sizes and the weights of the losses.

    The paper's network is ``size=256 width=64 depth=8 critic_width=64 batch_size=1``.
    """

    model: str = "pix2pix"
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    learning_rate: float = Field(2e-4, gt=0)
    momentum: float = Field(0.5, ge=0, lt=1)
    schedule: Literal["constant", "cosine", "exponential"] = "constant"
    batch_size: int = Field(4, ge=1)
    tune: Literal["all", "none"] = "all"
    mixed_precision: Literal["none", "bfloat16"] = "none"
    width: int = Field(32, ge=2, le=256, description="filters of the generator's first level")
    depth: int = Field(6, ge=2, le=10, description="how often the generator halves the side")
    critic_width: int = Field(32, ge=2, le=256, description="filters of the critic's first convolution")
    norm: Norm = Field("batch", description="of both players: none, batch, instance or layer")
    upsampling: Upsampling = Field("transposed", description="by transposed convolutions, or resize and convolution")
    adversarial: float = Field(1.0, ge=0, description="weight of the critic's judgement in the generator's loss")
    reconstruction: float = Field(100.0, ge=0, description="weight of loss= in the generator's loss")

    @model_validator(mode="after")
    def _sizes(self) -> "Parameters":
        whole_halves(self.size, self.depth)
        if self.size < 32:
            raise UsageError(f"size={self.size}: the critic judges patches of images of 32 pixels at least")
        return self


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """Both players; it answers ``float32 (batch, size, size, 3)`` with an image of that size, 0 to 1."""
    import keras

    from pipelines.tasks.image.adversarial import Adversarial

    p = parameters
    inputs = keras.Input((p.size, p.size, 3))
    outputs = keras.layers.Activation("sigmoid", dtype="float32", name="head_image")(_generated(inputs, p))
    return Adversarial(inputs, outputs, critic(p), p.adversarial, p.reconstruction, name="pix2pix")


def _generated(x: Any, p: Parameters) -> Any:
    import keras

    skips = []
    for level in range(p.depth):
        x = keras.layers.LeakyReLU(LEAK)(x) if level else x
        norm = "none" if level in (0, p.depth - 1) else p.norm  # a single pixel has no spread to be normalized by
        x = _convolved(x, p.width * min(2**level, MOST), norm)
        skips.append(x)
    for level in reversed(range(p.depth - 1)):
        x = doubled(keras.layers.ReLU()(x), p.width * min(2**level, MOST), p.upsampling, 4, bias=p.norm == "none")
        x = normalized(x, p.norm)
        if p.depth - 2 - level < NOISY:
            x = keras.layers.Dropout(DROPOUT, seed=p.seed + level)(x)
        x = keras.layers.Concatenate()([x, skips[level]])
    return doubled(keras.layers.ReLU()(x), 3, p.upsampling, 4)


def critic(p: Parameters) -> "keras.Model":
    """PatchGAN: image and answer (batch, size, size, 6), both -1 to 1, to a logit for each patch of 70 pixels."""
    import keras

    x = inputs = keras.Input((p.size, p.size, 6), name="critic_inputs")
    for place, times in enumerate(CRITIC):
        norm = p.norm if place else "none"
        x = _convolved(x, p.critic_width * times, norm, strides=1 if place == len(CRITIC) - 1 else 2)
        x = keras.layers.LeakyReLU(LEAK)(x)
    return keras.Model(inputs, _convolved(x, 1, "none", strides=1), name="critic")


def _convolved(x: Any, filters: int, norm: Norm, strides: int = 2) -> Any:
    import keras

    kernel = keras.initializers.RandomNormal(stddev=DEVIATION)
    options: dict[str, Any] = {"padding": "same", "use_bias": norm == "none", "kernel_initializer": kernel}
    return normalized(keras.layers.Conv2D(filters, 4, strides=strides, **options)(x), norm)
