"""Mask R-CNN on ResNet-50 and a feature pyramid: boxes, classes and masks of objects."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pipelines.nn.backbones import BATCH_NORM_MOMENTUM
from pipelines.tasks.instances import parameters as instances
from tatara.core.contract import PrepareScaling

if TYPE_CHECKING:
    import keras

PAPER = "He et al. 2017, Mask R-CNN, arXiv:1703.06870; Lin et al. 2017, Feature pyramid networks, arXiv:1612.03144"
SMALL: dict[str, Any] = {
    "size": 64, "channels_pyramid": 16, "box_units": 16, "mask_channels": 8, "candidates": 32, "proposals": 32,
    "detections": 16, "box_samples": 16, "batch_size": 4,
}  # fmt: skip
"""The smallest configuration that exercises everything, for the conformance tests."""

MAPS = ("conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out")
"""C2 to C5: the last layer of ResNet-50 at strides 4, 8, 16 and 32."""


class Parameters(instances.Parameters):
    """The paper's training, in its linear scaling to two images a step; ResNet-50's preparation."""

    model: str = "mask_rcnn"
    resize: Literal["stretch", "pad"] = "pad"
    channels: Literal["rgb", "bgr"] = "bgr"
    scaling: PrepareScaling = "none"
    mean: tuple[float, float, float] = (103.939, 116.779, 123.68)
    batch_size: int = Field(2, ge=1)
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "sgd"
    learning_rate: float = Field(2.5e-3, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    warmup_epochs: float = Field(0.5, ge=0)
    unfrozen_rate: float = Field(1.0, gt=0, le=1)


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The paper's network, deviations beside those of `rcnn`: square images; Keras's ResNet-50, with biases in its
    convolutions and the stride in a block's first one; batch normalization learns where no weights are given and is
    fixed where they are, as the paper's always is.
    """
    from pipelines.tasks.instances.rcnn import MaskRCNN

    return MaskRCNN(_backbone(parameters, None), parameters, classes)


def imagenet(parameters: Parameters) -> "keras.Model":
    """The backbone with ImageNet's weights, from the cache under ``KERAS_HOME`` or the network."""
    return _backbone(parameters, "imagenet")


def _backbone(parameters: Parameters, weights: str | None) -> "keras.Model":
    import keras

    shape = (parameters.size, parameters.size, 3)
    resnet = keras.applications.ResNet50(include_top=False, weights=weights, input_shape=shape)
    for layer in resnet.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = BATCH_NORM_MOMENTUM
            layer.trainable = parameters.weights == "none"
    return keras.Model(resnet.input, [resnet.get_layer(name).output for name in MAPS], name="backbone")
