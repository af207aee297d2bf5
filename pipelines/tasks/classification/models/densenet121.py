"""DenseNet-121: each layer reads all that came before it in its block."""

from typing import TYPE_CHECKING

from pydantic import Field

from pipelines.tasks.classification import parameters as classification
from pipelines.tasks.classification.applications import TORCH, with_head
from tatara.core.contract import PrepareScaling

if TYPE_CHECKING:
    import keras

PAPER = "Huang et al. 2016, Densely connected convolutional networks, arXiv:1608.06993"
SMALL = {"size": 32, "batch_size": 8}
"""The smallest configuration that exercises everything, for the conformance tests."""


class Parameters(classification.Parameters):
    """The preparation of the published weights: RGB in 0..1, ImageNet's mean and deviation."""

    model: str = "densenet121"
    size: int = Field(224, ge=32, le=1024)
    scaling: PrepareScaling = TORCH["scaling"]
    mean: tuple[float, float, float] = TORCH["mean"]
    deviation: tuple[float, float, float] = TORCH["deviation"]


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The convolutions, global average pooling, dropout and the head; sides from 32."""
    backbone = _backbone(parameters.size, None)
    return with_head(backbone, backbone.output, classes, parameters.dropout, parameters.seed)


def imagenet(parameters: Parameters) -> "keras.Model":
    """The backbone with ImageNet's weights, from the cache under ``KERAS_HOME`` or the network."""
    return _backbone(parameters.size, "imagenet")


def _backbone(size: int, weights: str | None) -> "keras.Model":
    import keras

    return keras.applications.DenseNet121(
        include_top=False, weights=weights, input_shape=(size, size, 3), pooling="avg"
    )
