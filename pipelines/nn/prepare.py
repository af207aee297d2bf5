"""``prepare``: one decoded image of any size to the fixed tensor, written with operators that ONNX has.

The resize is bilinear with antialiasing (a triangle filter as wide as the reduction), as two matrix products:
`tf.image.resize(antialias=True)` has the same meaning but no ONNX operator.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipelines.parameters import Parameters
from tatara.core.contract import ImagePreparation

if TYPE_CHECKING:
    import tensorflow as tf


def preparation_of(parameters: Parameters) -> ImagePreparation:
    """The preparation that the parameters ask for."""
    return ImagePreparation(**{name: getattr(parameters, name) for name in ImagePreparation.model_fields})


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
        spans = {
            "stretch": lambda: (height, width),
            "crop": lambda: (tf.minimum(height, width),) * 2,
            "pad": lambda: (tf.maximum(height, width),) * 2,
        }[preparation.resize]()
        rows, columns = triangle_weights(height, spans[0], size), triangle_weights(width, spans[1], size)
        tall = tf.matmul(rows, tf.reshape(pixels, tf.stack([height, width * 3])))
        wide = tf.reshape(tf.transpose(tf.reshape(tall, tf.stack([size, width, 3])), [1, 0, 2]), [width, size * 3])
        resized = tf.transpose(tf.reshape(tf.matmul(columns, wide), [size, size, 3]), [1, 0, 2])
        if preparation.channels == "bgr":
            resized = tf.reverse(resized, axis=[-1])
        scaled = resized * scale + shift
        normal = (scaled - tf.constant(preparation.mean)) / tf.constant(preparation.deviation)
        if preparation.resize == "pad":  # sums of 1 within the image, of 0 beyond
            normal *= (tf.reduce_sum(rows, axis=1)[:, None] * tf.reduce_sum(columns, axis=1))[:, :, None]
        return normal

    return prepare


def steps(preparation: ImagePreparation, height: Any, width: Any) -> tuple[Any, Any]:
    """Pixels of the original in one of the prepared image, down and across: numbers or float32 tensors, as given.

    Where the preparation stretches or pads, the point (x / across, y / down) of the prepared image shows the point
    (x, y) of an original of ``height`` x ``width``, counted from the upper left corner. Where it crops, nothing does.
    """
    if preparation.resize == "pad":
        longer = (height + width + abs(height - width)) / 2
        return longer / preparation.size, longer / preparation.size
    return height / preparation.size, width / preparation.size


def triangle_weights(length: "tf.Tensor", span: "tf.Tensor", size: int) -> "tf.Tensor":
    """The matrix ``float32 (size, length)`` that resamples ``span`` of ``length`` samples to ``size``.

    A shorter span lies in the middle. A longer one begins with the first sample, and the rows after the last are 0.
    """
    import tensorflow as tf

    length, span = tf.cast(length, tf.float32), tf.cast(span, tf.float32)
    step = span / size
    centres = (tf.range(size, dtype=tf.float32) + 0.5) * step - 0.5 + tf.maximum(length - span, 0.0) / 2
    distance = tf.abs(tf.range(length, dtype=tf.float32)[None, :] - centres[:, None])
    weights = tf.nn.relu(1.0 - distance / tf.maximum(step, 1.0))
    weights *= tf.cast(centres < length - 0.5, tf.float32)[:, None]
    return weights / tf.maximum(tf.reduce_sum(weights, axis=1, keepdims=True), 1e-6)
