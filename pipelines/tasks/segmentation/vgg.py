"""What the three fully convolutional networks share: VGG16 with convolutional fc6 and fc7, and skips from its pools."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pipelines.nn.backbones import BATCH_NORM_MOMENTUM, VGG16_BLOCKS
from pipelines.tasks.segmentation import parameters as segmentation
from tatara.core.contract import PrepareScaling

if TYPE_CHECKING:
    import keras

PAPER = "Long, Shelhamer and Darrell 2015, Fully convolutional networks for semantic segmentation, arXiv:1411.4038"
SMALL = {"size": 32, "width": 0.0625, "batch_size": 2}
"""The smallest configuration that exercises everything, for the conformance tests."""

DENSE = 4096
STRIDE = 32


class Parameters(segmentation.Parameters):
    """Adds ``width`` and ``norm``. The defaults train on a CPU; the paper's network is ``width=1 norm=none``.

    The preparation is that of VGG16's published weights.
    """

    size: int = Field(320, ge=32, le=2048, multiple_of=STRIDE, description="side of the prepared image in pixels")
    channels: Literal["rgb", "bgr"] = "bgr"
    scaling: PrepareScaling = "none"
    mean: tuple[float, float, float] = (103.939, 116.779, 123.68)
    batch_size: int = Field(4, ge=1)
    dropout: float = Field(0.5, ge=0, lt=1, description="after fc6 and after fc7")
    norm: Literal["none", "batch"] = Field("batch", description="after each convolution; ImageNet's weights need none")
    width: float = Field(0.25, ge=0.03, le=1, description="factor on VGG16's filters; ImageNet's weights need 1")


def backbone(parameters: Parameters) -> tuple[Any, dict[int, Any]]:
    """The input, and features by stride: 8 (pool3), 16 (pool4) and 32 (fc7)."""
    import keras

    x = inputs = keras.Input((parameters.size, parameters.size, 3))
    features = {}
    for block, (filters, convolutions) in enumerate(VGG16_BLOCKS, 1):
        for _ in range(convolutions):
            x = _convolution(x, filters, 3, parameters)
        x = features[2**block] = keras.layers.MaxPooling2D()(x)
    for side in (7, 1):
        x = _convolution(x, DENSE, side, parameters)
        x = keras.layers.Dropout(parameters.dropout, seed=parameters.seed)(x)
    features[STRIDE] = x
    return inputs, features


def _convolution(x: Any, filters: int, side: int, parameters: Parameters) -> Any:
    import keras

    filters = max(4, round(filters * parameters.width))
    if parameters.norm == "none":
        layer = keras.layers.Conv2D(filters, side, padding="same", activation="relu", kernel_initializer="he_normal")
        return layer(x)
    x = keras.layers.Conv2D(filters, side, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(x)
    return keras.layers.ReLU()(x)


def fully_convolutional(parameters: Parameters, classes: int, stride: int) -> "keras.Model":
    """The paper's network whose finest scores lie ``stride`` pixels apart (32, 16 or 8).

    Scores at stride 32 are enlarged twice and added to those of the pool before, until ``stride``; a last, fixed
    bilinear layer brings them to the input's side. The scores of the pools begin at zero, as in the paper.
    """
    import keras

    from pipelines.nn.upsampling import enlarged

    inputs, features = backbone(parameters)
    x = keras.layers.Conv2D(classes, 1, name="head_score_32")(features[STRIDE])
    at = STRIDE
    while at > stride:
        at //= 2
        x = enlarged(x, 2, f"head_enlarge_{at}")
        score = keras.layers.Conv2D(classes, 1, kernel_initializer="zeros", name=f"head_score_{at}")(features[at])
        x = keras.layers.Add(name=f"head_add_{at}")([x, score])
    x = enlarged(x, at, "head_enlarge", trainable=False)
    outputs = keras.layers.Activation("linear", dtype="float32", name="head_scores")(x)
    return keras.Model(inputs, outputs, name=parameters.model)


def imagenet(parameters: Parameters) -> "keras.Model":
    """The backbone with ImageNet's weights.

    Raises:
        ValueError: of another width or norm than the published weights.
    """
    import keras

    if parameters.width != 1 or parameters.norm != "none":
        raise ValueError("ImageNet's weights fit VGG16 as published: add width=1 norm=none")
    return convolutional(keras.applications.VGG16(weights="imagenet"), parameters)


def convolutional(given: "keras.Model", parameters: Parameters) -> "keras.Model":
    """The backbone with the weights of ``given``, a VGG16 with its top; the dense fc6 and fc7 become convolutions."""
    import keras

    inputs, features = backbone(parameters)
    model = keras.Model(inputs, features[STRIDE])
    sources = [layer for layer in given.layers if layer.weights]
    targets = [layer for layer in model.layers if layer.weights]
    for source, target in zip(sources, targets, strict=False):  # the last source is the classifier
        kernel, bias = source.get_weights()
        target.set_weights([kernel.reshape(target.kernel.shape), bias])
    return model
