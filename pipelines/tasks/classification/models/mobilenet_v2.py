"""MobileNetV2: inverted residuals of depthwise convolutions, for little computing power."""

from typing import TYPE_CHECKING

from pydantic import Field

from pipelines.tasks.classification import parameters as classification
from pipelines.tasks.classification.applications import with_head

if TYPE_CHECKING:
    import keras

PAPER = "Sandler et al. 2018, MobileNetV2: inverted residuals and linear bottlenecks, arXiv:1801.04381"
SMALL = {"size": 32, "width": 0.35, "batch_size": 8}
"""The smallest configuration that exercises everything, for the conformance tests."""


class Parameters(classification.Parameters):
    """Adds ``width``; the preparation is -1..1."""

    model: str = "mobilenet_v2"
    size: int = Field(224, ge=32, le=1024)
    width: float = Field(1.0, ge=0.1, le=2, description="factor on the filters of every layer; the paper's alpha")


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The convolutions, global average pooling, dropout and the head; sides from 32."""
    backbone = _backbone(parameters, None)
    return with_head(backbone, backbone.output, classes, parameters.dropout, parameters.seed)


def imagenet(parameters: Parameters) -> "keras.Model":
    """The backbone with ImageNet's weights, from the cache under ``KERAS_HOME`` or the network."""
    return _backbone(parameters, "imagenet")


def _backbone(parameters: Parameters, weights: str | None) -> "keras.Model":
    import keras

    shape = (parameters.size, parameters.size, 3)
    return keras.applications.MobileNetV2(
        input_shape=shape, alpha=parameters.width, include_top=False, weights=weights, pooling="avg"
    )
