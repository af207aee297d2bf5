"""U-Net's two paths up to its last features, of any width, depth and parts (Ronneberger 2015, arXiv:1505.04597)."""

from dataclasses import dataclass
from typing import Any, Literal

from pipelines.nn.backbones import BATCH_NORM_MOMENTUM
from tatara.core.errors import UsageError

Norm = Literal["none", "batch", "instance", "layer"]
Upsampling = Literal["transposed", "resize"]
Skips = Literal["concat", "add"]


@dataclass(frozen=True)
class Shape:
    """What a U-Net is built of.

    Attributes:
        width: filters of the first level; doubled by each next one.
        depth: how often the side is halved.
        norm: after each convolution.
        upsampling: by a transposed convolution of 2 x 2, or by doubled pixels and a convolution of 3 x 3.
        skips: beside what comes from below, or added to it.
        dropout: at the end of the contracting path.
        seed: of the dropout.
    """

    width: int
    depth: int
    norm: Norm = "batch"
    upsampling: Upsampling = "transposed"
    skips: Skips = "concat"
    dropout: float = 0.0
    seed: int = 0


def unet(inputs: Any, shape: Shape) -> Any:
    """The features ``(batch, side, side, width)`` of ``inputs (batch, side, side, channels)``."""
    import keras

    x, skips = inputs, []
    for level in range(shape.depth):
        x = _two_convolutions(x, level, shape)
        if level == shape.depth - 1:
            x = keras.layers.Dropout(shape.dropout, seed=shape.seed)(x)
        skips.append(x)
        x = keras.layers.MaxPooling2D()(x)
    x = _two_convolutions(x, shape.depth, shape)
    x = keras.layers.Dropout(shape.dropout, seed=shape.seed)(x)
    for level in reversed(range(shape.depth)):
        x = doubled(x, shape.width * 2**level, shape.upsampling)
        x = keras.layers.Concatenate()([skips[level], x]) if shape.skips == "concat" else skips[level] + x
        x = _two_convolutions(x, level, shape)
    return x


def _two_convolutions(x: Any, level: int, shape: Shape) -> Any:
    import keras

    for _ in range(2):
        x = keras.layers.Conv2D(
            shape.width * 2**level, 3, padding="same", use_bias=shape.norm == "none", kernel_initializer="he_normal"
        )(x)
        x = keras.layers.ReLU()(normalized(x, shape.norm))
    return x


def doubled(x: Any, filters: int, upsampling: Upsampling, side: int = 2, bias: bool = True) -> Any:
    """``x`` with twice its side.

    Args:
        x: (batch, side, side, channels).
        filters: channels of the result.
        upsampling: see `Shape`; a transposed convolution whose kernel its stride does not divide leaves a checkerboard.
        side: of the transposed convolution's kernel.
        bias: of the convolution.
    """
    import keras

    options: dict[str, Any] = {"padding": "same", "use_bias": bias, "kernel_initializer": "he_normal"}
    if upsampling == "transposed":
        return keras.layers.Conv2DTranspose(filters, side, strides=2, **options)(x)
    return keras.layers.Conv2D(filters, 3, **options)(keras.layers.UpSampling2D()(x))


def normalized(x: Any, norm: Norm) -> Any:
    """``x`` by batch (Ioffe 2015), each channel of an image (Ulyanov 2016), a whole image (Ba 2016), or as it is."""
    import keras

    if norm == "batch":
        return keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(x)
    if norm == "none":
        return x
    return keras.layers.GroupNormalization(groups=-1 if norm == "instance" else 1)(x)


def whole_halves(size: int, depth: int) -> None:
    """Hold a side to what a depth asks for.

    Raises:
        UsageError: it cannot be halved that often; the message names the nearest that can.
    """
    step = 2**depth
    if size % step:
        near = max(step, size // step * step)
        raise UsageError(
            f"size={size}: depth={depth} halves the side {depth} times, so it must be a multiple of {step}; take "
            f"size={near} or size={near + step}"
        )
