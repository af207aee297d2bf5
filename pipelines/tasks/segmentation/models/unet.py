"""U-Net: a contracting and an expanding path with skips between them, of any width and depth.

Deviations from the paper: convolutions pad, so the answer is as large as the image and nothing is cropped; batch
normalization after each of them unless ``norm=none``; a quarter of the paper's filters by default.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from pipelines.nn.unet import Shape, unet, whole_halves
from pipelines.tasks.segmentation import parameters as segmentation
from tatara.core.contract import PrepareScaling

if TYPE_CHECKING:
    import keras

PAPER = (
    "Ronneberger, Fischer and Brox 2015, U-Net: convolutional networks for biomedical image segmentation, "
    "arXiv:1505.04597"
)
SMALL = {"size": 32, "width": 4, "depth": 2, "batch_size": 2}
"""The smallest configuration that exercises everything, for the conformance tests."""


class Parameters(segmentation.Parameters):
    """Adds ``width``, ``depth`` and ``norm``; the paper's network is ``width=64 depth=4 norm=none``.

    ``size=512 width=8 batch_size=2 rotate=0.1 shift=0 zoom=0.1 elastic=0.02`` has a pixel accuracy of 0.925 on three
    held out of the thirty images of the ISBI 2012 membranes, in nine core-minutes.
    """

    model: str = "unet"
    size: int = Field(256, ge=16, le=2048, description="side of the prepared image in pixels")
    scaling: PrepareScaling = "signed"
    batch_size: int = Field(4, ge=1)
    dropout: float = Field(0.2, ge=0, lt=1, description="at the end of the contracting path")
    norm: Literal["none", "batch"] = Field("batch", description="after each convolution")
    width: int = Field(16, ge=2, le=256, description="filters of the first level; doubled by each next one")
    depth: int = Field(4, ge=1, le=6, description="how often the side is halved")

    @model_validator(mode="after")
    def _halves(self) -> "Parameters":
        whole_halves(self.size, self.depth)
        return self


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The network; logits as large as the input."""
    import keras

    p = parameters
    inputs = keras.Input((p.size, p.size, 3))
    features = unet(inputs, Shape(p.width, p.depth, p.norm, dropout=p.dropout, seed=p.seed))
    outputs = keras.layers.Conv2D(classes, 1, dtype="float32", name="head_scores")(features)
    return keras.Model(inputs, outputs, name="unet")
