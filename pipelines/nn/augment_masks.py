"""Augmentation of images together with their label masks: pure functions of (seed, step, position) for ``tf.data``.

Both are sampled at the same places, the image bilinearly and the mask at the nearest pixel, so they stay together.
"""

from typing import TYPE_CHECKING

from pipelines.nn.augment import Augmentation, with_contrast
from pipelines.nn.moves import Moves, drawn

if TYPE_CHECKING:
    import tensorflow as tf

GRID = 3
"""Side of the grid of random displacements between which an elastic deformation is smooth (arXiv:1505.04597, 3.1)."""


def mask_augmentation(seed: int, moves: Moves, contrast: float, elastic: float) -> Augmentation | None:
    """A function on images ``float32 (batch, size, size, 3)``, masks ``uint8 (batch, size, size)`` and the step.

    What a movement brings in from beyond the border is the image's and the mask's own reflection. None if nothing is
    asked.

    Args:
        seed: with the step and an example's position in the batch, fixes what happens to it.
        moves: of images and masks.
        contrast: from 1 - contrast to 1 + contrast, about each image's mean.
        elastic: standard deviation of the displacements on the coarse grid, as a part of the side.
    """
    import tensorflow as tf

    if not (moves or contrast or elastic):
        return None

    def augment(images: "tf.Tensor", masks: "tf.Tensor", step: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
        batch, side = tf.shape(images)[0], int(images.shape[1])
        key = tf.stack([tf.cast(seed, tf.int64), step])
        draws, strength = drawn(key, batch)
        if moves or elastic:
            places = affine_places(moves.rows(draws, side), side)
            if elastic:
                places += elastic_displacements(key, batch, side, elastic * side)
            images, masks = sample_images(images, places), sample_masks(masks, places)
        if contrast:
            images = with_contrast(images, strength * contrast)
        return images, masks

    return augment


def affine_places(rows: "tf.Tensor", side: int) -> "tf.Tensor":
    """Where each pixel comes from, (x, y) in pixels ``float32 (batch, side, side, 2)``, by `affine`'s rows."""
    import tensorflow as tf

    line = tf.range(side, dtype=tf.float32)
    x, y = tf.meshgrid(line, line)
    # not rows[:, i, None, None]: of a stack, TensorFlow's optimizer takes the i-th part and forgets the new axes
    a0, a1, a2, b0, b1, b2, _, _ = tf.unstack(rows[:, None, None, :], axis=-1)
    return tf.stack([a0 * x + a1 * y + a2, b0 * x + b1 * y + b2], axis=-1)


def elastic_displacements(key: "tf.Tensor", batch: "tf.Tensor", side: int, deviation: float) -> "tf.Tensor":
    """Smooth random displacements ``float32 (batch, side, side, 2)`` in pixels: normal on a grid, bicubic between."""
    import tensorflow as tf

    coarse = tf.random.stateless_normal(tf.stack([batch, GRID, GRID, 2]), key + 1, stddev=deviation)
    return tf.image.resize(coarse, (side, side), method="bicubic")


def sample_images(images: "tf.Tensor", places: "tf.Tensor") -> "tf.Tensor":
    """``images`` float32 (batch, side, side, channels) between their pixels at ``places``, mirrored at the borders."""
    import tensorflow as tf

    low = tf.floor(places)
    right, below = tf.unstack((places - low)[..., None, :], axis=-1)

    def corner(x: int, y: int) -> "tf.Tensor":
        return _pick(images, tf.cast(low, tf.int32) + tf.constant([x, y]))

    upper = corner(0, 0) * (1 - right) + corner(1, 0) * right
    lower = corner(0, 1) * (1 - right) + corner(1, 1) * right
    return upper * (1 - below) + lower * below


def sample_masks(masks: "tf.Tensor", places: "tf.Tensor") -> "tf.Tensor":
    """``masks`` (batch, side, side) of any type at the pixels nearest to ``places``, mirrored at the borders."""
    import tensorflow as tf

    return _pick(masks, tf.cast(tf.round(places), tf.int32))


def _pick(values: "tf.Tensor", places: "tf.Tensor") -> "tf.Tensor":
    """``values`` (batch, side, side, ...) at ``places`` int32 (x, y), reflected into the picture."""
    import tensorflow as tf

    side = int(values.shape[1])
    inside = tf.math.floormod(places, 2 * side)
    x, y = tf.unstack(tf.minimum(inside, 2 * side - 1 - inside), axis=-1)
    shape = tf.shape(values)
    flat = tf.reshape(values, tf.concat([[shape[0], side * side], shape[3:]], axis=0))
    return tf.gather(flat, y * side + x, batch_dims=1)
