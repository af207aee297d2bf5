"""``prepare``: one decoded image or sound of any size to the fixed tensor, written with operators that ONNX has.

The resize of images is bilinear with antialiasing (a triangle filter as wide as the reduction), as two matrix products:
`tf.image.resize(antialias=True)` has the same meaning but no ONNX operator. A few rows of the result need few of the
image, so they are made in blocks, each a product with the rows that it can reach: a seventh of the time of one product
with all of them at 224 pixels, and half of ONNX's own ``Resize``.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from pipelines.parameters import Parameters
from tatara.core.contract import AudioPreparation, ImagePreparation, Preparation
from tatara.core.modalities import modality_module

if TYPE_CHECKING:
    import tensorflow as tf

LUMA = np.float32(0.299), np.float32(0.587), np.float32(0.114)
"""Of red, green and blue in grey, ITU-R BT.601."""
SOFTEST = np.float32(1e-3)
"""Peak below which a sound is not made louder any more: that would be its noise."""
BLOCK = 8
"""Rows of the result that are made together, or the next smaller number that divides its side."""


PREPARATIONS = {one.modality: one for one in get_args(Preparation)}
"""By modality."""


def preparation_of(parameters: Parameters) -> Any:
    """The preparation that the parameters ask for, of their modality."""
    schema = PREPARATIONS[parameters.modality]
    return schema(**{name: getattr(parameters, name) for name in schema.model_fields})


def prepare_function(preparation: Preparation) -> Any:
    """The ``tf.function`` from one decoded example to the prepared tensor."""
    import tensorflow as tf

    modality = modality_module(preparation.modality)
    shape = [length if isinstance(length, int) else None for length in modality.SHAPE]
    prepare = image_prepare(preparation) if isinstance(preparation, ImagePreparation) else audio_prepare(preparation)
    raw = tf.TensorSpec(shape, tf.as_dtype(modality.DTYPE), name=modality.INPUT)
    return tf.function(prepare, input_signature=[raw], autograph=False)


def audio_prepare(preparation: AudioPreparation) -> Callable[[Any], Any]:
    """A TensorFlow function from ``float32 (samples, 1)`` to ``float32 (length, 1)``."""
    import tensorflow as tf

    length = preparation.length

    def prepare(sound: "tf.Tensor") -> "tf.Tensor":
        samples = tf.shape(sound)[0]
        begin = tf.maximum(samples - length, 0) // 2
        cut = sound[begin : begin + length]
        if preparation.level == "peak":
            cut = cut / tf.maximum(tf.reduce_max(tf.abs(cut)), SOFTEST)
        filled = tf.pad(cut, [[0, length - tf.shape(cut)[0]], [0, 0]])
        return tf.reshape(filled, preparation.shape)

    return prepare


def image_prepare(preparation: ImagePreparation) -> Callable[[Any], Any]:
    """A TensorFlow function from ``uint8 (height, width, 3)`` RGB to ``float32 (size, size, 3)``."""
    import tensorflow as tf

    size = preparation.size
    scale, shift = {"none": (1.0, 0.0), "unit": (1 / 255, 0.0), "signed": (2 / 255, -1.0), "standard": (1 / 255, 0.0)}[
        preparation.scaling
    ]
    mean, deviation = (np.array(one)[:, None] for one in (preparation.mean, preparation.deviation))
    factor, offset = (np.asarray(one, np.float32) for one in (scale / deviation, (shift - mean) / deviation))

    if preparation.resize == "none":
        return _unscaled(preparation, factor, offset)

    def prepare(image: "tf.Tensor") -> "tf.Tensor":
        height, width = tf.shape(image)[0], tf.shape(image)[1]
        spans = {
            "stretch": lambda: (height, width),
            "crop": lambda: (tf.minimum(height, width),) * 2,
            "pad": lambda: (tf.maximum(height, width),) * 2,
        }[preparation.resize]()
        (lines, down), (columns, across) = triangle(height, spans[0], size), triangle(width, spans[1], size)
        left, right = tf.reduce_min(columns), tf.reduce_max(columns) + 1
        rows = tf.reshape(image[:, left:right], tf.stack([height, (right - left) * 3]))
        tall = tf.reshape(tf.matmul(down, tf.cast(tf.gather(rows, lines), tf.float32)), tf.stack([size, -1]))
        turned = tf.reshape(tf.transpose(tall), tf.stack([right - left, 3 * size]))
        planes = tf.reshape(tf.matmul(across, tf.gather(turned, columns - left)), [size, 3, size])
        if preparation.channels == "bgr":
            planes = tf.reverse(planes, axis=[1])
        elif preparation.channels == "grey":
            planes = tf.repeat(tf.reduce_sum(planes * np.array(LUMA)[:, None], axis=1, keepdims=True), 3, axis=1)
        if preparation.resize == "pad":  # sums of 1 within the image, of 0 beyond
            inside = [tf.reshape(tf.reduce_sum(weights, axis=2), [-1]) for weights in (across, down)]
            normal = planes * factor + offset * (inside[0][:, None] * inside[1])[:, None]
        else:
            normal = planes * factor + offset
        return tf.reshape(tf.transpose(tf.reshape(normal, [size * 3, size])), [size, size, 3])

    return prepare


def _unscaled(
    preparation: ImagePreparation, factor: NDArray[np.float32], offset: NDArray[np.float32]
) -> Callable[[Any], Any]:
    """The function of ``resize=none``: pixels as they are, and beyond the last ones their reflection."""
    import tensorflow as tf

    def prepare(image: "tf.Tensor") -> "tf.Tensor":
        rows, columns = (_reflected(tf.shape(image)[axis], preparation.size) for axis in (0, 1))
        pixels = tf.cast(tf.gather(tf.gather(image, rows), columns, axis=1), tf.float32)
        if preparation.channels == "bgr":
            pixels = tf.reverse(pixels, axis=[2])
        elif preparation.channels == "grey":
            pixels = tf.repeat(tf.reduce_sum(pixels * np.array(LUMA), axis=2, keepdims=True), 3, axis=2)
        return tf.reshape(pixels * factor[:, 0] + offset[:, 0], preparation.shape)

    return prepare


def _reflected(length: "tf.Tensor", size: int) -> "tf.Tensor":
    """Which of ``length`` samples each of ``size`` is, int32: 0 1 2 2 1 0 0 1 ..., or the first ``size`` of more."""
    import tensorflow as tf

    place = tf.math.floormod(tf.range(size), 2 * length)
    return tf.minimum(place, 2 * length - 1 - place)


def steps(preparation: ImagePreparation, height: Any, width: Any) -> tuple[Any, Any]:
    """Pixels of the original in one of the prepared image, down and across: numbers or float32 tensors, as given.

    Where the preparation stretches or pads, the point (x / across, y / down) of the prepared image shows the point
    (x, y) of an original of ``height`` x ``width``, counted from the upper left corner. Where it crops, nothing does.
    """
    if preparation.resize == "pad":
        longer = (height + width + abs(height - width)) / 2
        return longer / preparation.size, longer / preparation.size
    return height / preparation.size, width / preparation.size


def triangle(length: "tf.Tensor", span: "tf.Tensor", size: int) -> "tuple[tf.Tensor, tf.Tensor]":
    """How ``span`` of ``length`` samples are resampled to ``size``, in blocks of consecutive results.

    A shorter span lies in the middle. A longer one begins with the first sample, and the results after the last are 0.

    Returns:
        The samples that a block is made of, ``int32 (blocks, samples)``, and their weights, ``float32 (blocks, size /
        blocks, samples)``.
    """
    import tensorflow as tf

    block = next(length for length in range(BLOCK, 0, -1) if size % length == 0)
    length, span = tf.cast(length, tf.float32), tf.cast(span, tf.float32)
    step = span / size
    reach = tf.maximum(step, 1.0)
    centres = (tf.range(size, dtype=tf.float32) + 0.5) * step - 0.5 + tf.maximum(length - span, 0.0) / 2
    centres = tf.reshape(centres, [-1, block])
    samples = tf.math.ceil(centres[:, :1] - reach) + tf.range(tf.math.floor((block - 1) * step + 2 * reach) + 1)
    weights = tf.nn.relu(1.0 - tf.abs(samples[:, None, :] - centres[:, :, None]) / reach)
    there = tf.logical_and(samples > -0.5, samples < length - 0.5)
    weights *= tf.cast(tf.logical_and(there[:, None, :], centres[:, :, None] < length - 0.5), tf.float32)
    weights /= tf.maximum(tf.reduce_sum(weights, axis=2, keepdims=True), 1e-6)
    return tf.cast(tf.clip_by_value(samples, 0.0, length - 1.0), tf.int32), weights
