"""U-Net from image to image: what the skips carry around the narrow levels need not pass through them.

Deviations from the paper: see `pipelines.tasks.segmentation.models.unet`; the last layer gives an image, or with
``residual=true`` what is added to the one that was sent (Kim et al. 2016, arXiv:1511.04587), where the answer is much
like that, as in colourisation.
"""

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from pipelines.nn.colour import pictured
from pipelines.nn.prepare import preparation_of
from pipelines.nn.unet import Norm, Shape, Skips, Upsampling, unet, whole_halves
from pipelines.tasks.image import parameters as image

if TYPE_CHECKING:
    import keras

PAPER = (
    "Ronneberger, Fischer and Brox 2015, U-Net: convolutional networks for biomedical image segmentation, "
    "arXiv:1505.04597"
)
SMALL = {"size": 32, "width": 4, "depth": 2, "batch_size": 4, "norm": "instance", "upsampling": "resize"}
"""The smallest configuration that exercises everything, for the conformance tests."""


class Parameters(image.Parameters):
    """Adds ``width``, ``depth``, ``norm``, ``skips``, ``upsampling`` and ``dropout``."""

    model: str = "unet_image"
    width: int = Field(16, ge=2, le=256, description="filters of the first level; doubled by each next one")
    depth: int = Field(4, ge=1, le=7, description="how often the side is halved")
    learning_rate: float = Field(3e-3, gt=0)
    norm: Norm = Field("none", description="after each convolution: none, batch, instance or layer")
    skips: Skips = Field("concat", description="beside what comes from below, or add to it")
    upsampling: Upsampling = Field("transposed", description="by transposed convolutions, or resize and convolution")
    residual: bool = Field(False, description="answer with the image and what the model adds to it")
    dropout: float = Field(0.0, ge=0, lt=1, description="at the end of the contracting path")

    @model_validator(mode="after")
    def _halves(self) -> "Parameters":
        whole_halves(self.size, self.depth)
        return self


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The network: ``float32 (batch, size, size, 3)`` to an image of that size, 0 to 1."""
    import keras

    p = parameters
    inputs = keras.Input((p.size, p.size, 3))
    features = unet(inputs, Shape(p.width, p.depth, p.norm, p.upsampling, p.skips, p.dropout, p.seed))
    if not p.residual:
        outputs = keras.layers.Conv2D(3, 1, activation="sigmoid", dtype="float32", name="head_image")(features)
        return keras.Model(inputs, outputs, name="unet_image")
    added = keras.layers.Conv2D(3, 1, kernel_initializer="zeros", dtype="float32", name="head_added")(features)
    return keras.Model(inputs, keras.ops.clip(pictured(inputs, preparation_of(p)) + added, 0, 1), name="unet_image")
