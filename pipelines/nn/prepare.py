"""``prepare``: one decoded image of any size to the fixed tensor, written with operators that ONNX has.

The resize is bilinear with antialiasing (a triangle filter as wide as the reduction), as two matrix products:
`tf.image.resize(antialias=True)` has the same meaning but no ONNX operator.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tatara.core.contract import ImagePreparation

if TYPE_CHECKING:
    import tensorflow as tf


def image_prepare(preparation: ImagePreparation) -> Callable[[Any], Any]:
    """A TensorFlow function from ``uint8 (height, width, 3)`` RGB to ``float32 (size, size, 3)``."""
    import tensorflow as tf

    size = preparation.size
    scale, shift = {"none": (1.0, 0.0), "unit": (1 / 255, 0.0), "signed": (2 / 255, -1.0), "standard": (1 / 255, 0.0)}[
        preparation.scaling
    ]

    def prepare(image: "tf.Tensor") -> "tf.Tensor":
        height, width = tf.shape(image)[0], tf.shape(image)[1]
        pixels = tf.cast(image, tf.float32)
        if preparation.resize == "crop":
            shorter = tf.minimum(height, width)
            rows, columns = triangle_weights(height, shorter, size), triangle_weights(width, shorter, size)
        else:
            rows, columns = triangle_weights(height, height, size), triangle_weights(width, width, size)
        tall = tf.matmul(rows, tf.reshape(pixels, tf.stack([height, width * 3])))
        wide = tf.reshape(tf.transpose(tf.reshape(tall, tf.stack([size, width, 3])), [1, 0, 2]), [width, size * 3])
        resized = tf.transpose(tf.reshape(tf.matmul(columns, wide), [size, size, 3]), [1, 0, 2])
        if preparation.channels == "bgr":
            resized = tf.reverse(resized, axis=[-1])
        scaled = resized * scale + shift
        return (scaled - tf.constant(preparation.mean)) / tf.constant(preparation.deviation)

    return prepare


def triangle_weights(length: "tf.Tensor", span: "tf.Tensor", size: int) -> "tf.Tensor":
    """The matrix ``float32 (size, length)`` that resamples the central ``span`` of ``length`` samples to ``size``."""
    import tensorflow as tf

    length, span = tf.cast(length, tf.float32), tf.cast(span, tf.float32)
    step = span / size
    centres = (tf.range(size, dtype=tf.float32) + 0.5) * step - 0.5 + (length - span) / 2
    distance = tf.abs(tf.range(length, dtype=tf.float32)[None, :] - centres[:, None])
    weights = tf.nn.relu(1.0 - distance / tf.maximum(step, 1.0))
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)
