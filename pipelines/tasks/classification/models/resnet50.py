"""ResNet-50: fifty layers that learn residuals."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipelines.tasks.classification import parameters as classification
from pipelines.tasks.classification.applications import CAFFE, with_head
from tatara.core.contract import PrepareScaling

if TYPE_CHECKING:
    import keras

PAPER = "He et al. 2015, Deep residual learning for image recognition, arXiv:1512.03385"
SMALL = {"size": 32, "batch_size": 8}
"""The smallest configuration that exercises everything, for the conformance tests."""


class Parameters(classification.Parameters):
    """The paper's preparation: BGR minus ImageNet's mean colour."""

    model: str = "resnet50"
    size: int = Field(224, ge=32, le=1024)
    channels: Literal["rgb", "bgr"] = CAFFE["channels"]
    scaling: PrepareScaling = CAFFE["scaling"]
    mean: tuple[float, float, float] = CAFFE["mean"]


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The convolutions, global average pooling, dropout and the head; sides from 32."""
    backbone = _backbone(parameters.size, None)
    return with_head(backbone, backbone.output, classes, parameters.dropout, parameters.seed)


def imagenet(parameters: Parameters) -> "keras.Model":
    """The backbone with ImageNet's weights, from the cache under ``KERAS_HOME`` or the network."""
    return _backbone(parameters.size, "imagenet")


def _backbone(size: int, weights: str | None) -> "keras.Model":
    import keras

    return keras.applications.ResNet50(include_top=False, weights=weights, input_shape=(size, size, 3), pooling="avg")
