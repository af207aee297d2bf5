"""VGG16: thirteen 3x3 convolutions and two dense layers of 4096."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipelines.tasks.classification import parameters as classification
from pipelines.tasks.classification.applications import CAFFE, with_head
from tatara.core.contract import PrepareScaling

if TYPE_CHECKING:
    import keras

PAPER = (
    "Simonyan and Zisserman 2014, Very deep convolutional networks for large-scale image recognition, arXiv:1409.1556"
)
SMALL = {"size": 32, "batch_size": 8}
"""The smallest configuration that exercises everything, for the conformance tests."""


class Parameters(classification.Parameters):
    """The paper's preparation; a low rate, since nothing normalizes between the layers."""

    model: str = "vgg16"
    size: int = Field(224, ge=32, le=1024)
    channels: Literal["rgb", "bgr"] = CAFFE["channels"]
    scaling: PrepareScaling = CAFFE["scaling"]
    mean: tuple[float, float, float] = CAFFE["mean"]
    learning_rate: float = Field(1e-4, gt=0)
    dropout: float = Field(0.5, ge=0, lt=1)


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The paper's network with a head of ``classes``; sides from 32, the first dense layer grows with them."""
    import keras

    shape = (parameters.size, parameters.size, 3)
    whole = keras.applications.VGG16(weights=None, input_shape=shape)
    return with_head(whole, whole.get_layer("fc2").output, classes, parameters.dropout, parameters.seed)


def imagenet(parameters: Parameters) -> "keras.Model":
    """The whole network at 224 with ImageNet's weights; at other sizes its first dense layer fits nothing."""
    import keras

    return keras.applications.VGG16(weights="imagenet")
