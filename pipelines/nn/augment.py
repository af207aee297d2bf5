"""Augmentation of batches of prepared images as pure functions of (seed, step, position), inside ``tf.data``."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow as tf

Augmentation = Callable[["tf.Tensor", Any, "tf.Tensor"], tuple["tf.Tensor", Any]]
"""From a batch of prepared examples, their targets and the step (int64 scalar) to both anew: a pure function."""


def image_augmentation(
    seed: int, flip: bool, rotate: float, shift: float, zoom: float, contrast: float
) -> Augmentation | None:
    """An augmentation of ``float32 (batch, size, size, 3)`` that leaves the targets as they are; None if none is asked.

    Args:
        seed: with the step and an example's position in the batch, fixes what happens to it.
        flip: mirror left and right, for half of the examples.
        rotate: up to this part of a full turn, either way.
        shift: up to this part of the side, each way and axis.
        zoom: from 1 - zoom to 1 + zoom.
        contrast: from 1 - contrast to 1 + contrast, about each image's mean.
    """
    import tensorflow as tf

    moved = flip or rotate or shift or zoom
    if not (moved or contrast):
        return None

    def augment(images: "tf.Tensor", targets: Any, step: "tf.Tensor") -> tuple["tf.Tensor", Any]:
        shape = tf.stack([tf.shape(images)[0], 6])
        draws = tf.random.stateless_uniform(shape, tf.stack([tf.cast(seed, tf.int64), step]), -1.0, 1.0)
        turn, across, down, scale, mirrored, strength = tf.unstack(draws, axis=1)
        if moved:
            side = int(images.shape[1])
            sign = tf.where(mirrored < 0, -1.0, 1.0) if flip else tf.ones_like(mirrored)
            transforms = affine(
                turn * rotate * 2 * math.pi,
                across * shift * side,
                down * shift * side,
                1 / (1 + scale * zoom),
                sign,
                side,
            )
            images = moved_images(images, transforms, "BILINEAR", "REFLECT")
        if contrast:
            images = with_contrast(images, strength * contrast)
        return images, targets

    return augment


def moved_images(
    images: "tf.Tensor", rows: "tf.Tensor", interpolation: str, fill_mode: str, fill: float = 0.0
) -> "tf.Tensor":
    """Square images ``(batch, side, side, channels)`` sampled where `affine`'s rows say.

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


def affine(
    angle: "tf.Tensor", across: "tf.Tensor", down: "tf.Tensor", scale: "tf.Tensor", sign: "tf.Tensor", side: int
) -> "tf.Tensor":
    """Rows of eight numbers, as TensorFlow's projective transform takes them, that say where each pixel comes from.

    All arguments but ``side`` are float32 (batch,): angle in radians, shifts in pixels, the factor on distances from
    the centre, and -1 to mirror left and right.
    """
    import tensorflow as tf

    centre = (side - 1) / 2
    cosine, sine = scale * tf.cos(angle), scale * tf.sin(angle)
    a0, a1, b0, b1 = cosine * sign, -sine, sine * sign, cosine
    a2 = centre + across - (a0 + a1) * centre
    b2 = centre + down - (b0 + b1) * centre
    zero = tf.zeros_like(angle)
    return tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)
