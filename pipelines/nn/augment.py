"""Augmentation of batches of prepared images as pure functions of (seed, step, position), inside ``tf.data``."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipelines.nn.moves import Moves, drawn

if TYPE_CHECKING:
    import tensorflow as tf

Augmentation = Callable[["tf.Tensor", Any, "tf.Tensor"], tuple["tf.Tensor", Any]]
"""From a batch of prepared examples, their targets and the step (int64 scalar) to both anew: a pure function."""


def image_augmentation(seed: int, moves: Moves, contrast: float) -> Augmentation | None:
    """An augmentation of ``float32 (batch, size, size, 3)`` that leaves the targets as they are; None if none is asked.

    Args:
        seed: with the step and an example's position in the batch, fixes what happens to it.
        moves: of the images, filled up with their own reflection.
        contrast: from 1 - contrast to 1 + contrast, about each image's mean.
    """
    import tensorflow as tf

    if not (moves or contrast):
        return None

    def augment(images: "tf.Tensor", targets: Any, step: "tf.Tensor") -> tuple["tf.Tensor", Any]:
        draws, strength = drawn(tf.stack([tf.cast(seed, tf.int64), step]), tf.shape(images)[0])
        if moves:
            images = moved_images(images, moves.rows(draws, int(images.shape[1])), "BILINEAR", "REFLECT")
        if contrast:
            images = with_contrast(images, strength * contrast)
        return images, targets

    return augment


def moved_images(
    images: "tf.Tensor", rows: "tf.Tensor", interpolation: str, fill_mode: str, fill: float = 0.0
) -> "tf.Tensor":
    """Square images ``(batch, side, side, channels)`` sampled where `pipelines.nn.moves.affine`'s rows say.

    Args:
        images: of any number type.
        rows: float32 (batch, 8).
        interpolation: ``BILINEAR`` or ``NEAREST``.
        fill_mode: ``REFLECT``, or ``CONSTANT`` for ``fill``, beyond the border.
        fill: a value of a channel.
    """
    import tensorflow as tf

    side = int(images.shape[1])
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images, transforms=rows, output_shape=[side, side], fill_value=fill, interpolation=interpolation,
        fill_mode=fill_mode,
    )  # fmt: skip


def with_contrast(images: "tf.Tensor", change: "tf.Tensor") -> "tf.Tensor":
    """Images ``float32 (batch, height, width, 3)`` spread by 1 + ``change`` (batch,) about each one's mean colour."""
    import tensorflow as tf

    mean = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
    return mean + (images - mean) * (1 + change)[:, None, None, None]
