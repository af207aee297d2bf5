"""Windows of an image: the canvases and crops of SSD (Liu et al. 2016, arXiv:1512.02325, sections 2.2 and 3.6).

A window is ``x_min, y_min, x_max, y_max`` in the image's unit square, beyond which it may reach.
"""

from typing import TYPE_CHECKING

from pipelines.nn.boxes import iou

if TYPE_CHECKING:
    import tensorflow as tf

TRIALS = 50
"""Windows tried for each image; if none does, the image is not cropped."""
OVERLAPS = (None, 0.0, 0.1, 0.3, 0.5, 0.7, 0.9)
"""Least IoU of a crop and some object in it, one of which is drawn for each image; None does not crop."""


def canvases(key: "tf.Tensor", batch: "tf.Tensor", zoom_out: float) -> "tf.Tensor":
    """Windows (batch, 4) that show the whole image: itself for half of them, else 1 to ``zoom_out`` times its side."""
    import tensorflow as tf

    draws = tf.random.stateless_uniform(tf.stack([batch, 4]), key)
    side = tf.where(draws[:, :1] < 0.5, 1.0, 1 + draws[:, 1:2] * (zoom_out - 1))
    corner = -draws[:, 2:] * (side - 1)
    return tf.concat([corner, corner + side], axis=1)


def crops(key: "tf.Tensor", truths: "tf.Tensor", least: float) -> "tf.Tensor":
    """Windows (batch, 4) within the unit square, each the first of `TRIALS` that does what is drawn from `OVERLAPS`.

    It must hold the centre of an object and overlap an object enough. An image without objects is cropped anyhow.
    """
    import tensorflow as tf

    batch = tf.shape(truths)[0]
    draws = tf.random.stateless_uniform(tf.stack([batch, TRIALS, 4]), key)
    scale, skew = least + draws[..., 0] * (1 - least), tf.exp((draws[..., 1] - 0.5) * tf.math.log(4.0))
    sides = tf.minimum(scale[..., None] * tf.sqrt(tf.stack([skew, 1 / skew], axis=-1)), 1.0)
    corners = draws[..., 2:] * (1 - sides)
    windows = tf.concat([corners, corners + sides], axis=-1)
    known = truths[:, None, :, 4] >= 0
    overlap = tf.where(known, iou(windows, truths[..., :4]), -1.0)
    option = tf.random.stateless_uniform([batch], key + 1, 0, len(OVERLAPS), tf.int32)
    needed = tf.gather(tf.constant([2.0 if each is None else each for each in OVERLAPS]), option)
    empty = ~tf.reduce_any(known, axis=-1)
    holding = tf.reduce_any(known & inside(truths[:, None, :, :4], windows[:, :, None]), axis=-1) | empty
    enough = (tf.reduce_max(overlap, axis=-1) >= needed[:, None]) | (empty & (needed <= 1)[:, None])
    suits = holding & enough
    chosen = tf.gather(windows, tf.argmax(suits, axis=1), batch_dims=1)
    return tf.where(tf.reduce_any(suits, axis=1)[:, None], chosen, tf.constant([0.0, 0.0, 1.0, 1.0]))


def inside(boxes: "tf.Tensor", windows: "tf.Tensor") -> "tf.Tensor":
    """Whether the centres of ``boxes`` (..., 4) lie in ``windows`` (..., 4)."""
    import tensorflow as tf

    centres = (boxes[..., :2] + boxes[..., 2:]) / 2
    return tf.reduce_all((centres >= windows[..., :2]) & (centres <= windows[..., 2:]), axis=-1)


def relative(boxes: "tf.Tensor", windows: "tf.Tensor") -> "tf.Tensor":
    """``boxes`` (batch, n, 4) as the unit squares ``windows`` (batch, 4) see them."""
    import tensorflow as tf

    corners, sides = windows[:, None, :2], windows[:, None, 2:] - windows[:, None, :2]
    return (boxes - tf.concat([corners, corners], -1)) / tf.concat([sides, sides], -1)


def absolute(inner: "tf.Tensor", windows: "tf.Tensor") -> "tf.Tensor":
    """What ``inner`` (batch, 4) means that is given in the unit squares ``windows`` (batch, 4)."""
    import tensorflow as tf

    corners, sides = windows[:, :2], windows[:, 2:] - windows[:, :2]
    return tf.concat([corners, corners], -1) + inner * tf.concat([sides, sides], -1)


def within(rows: "tf.Tensor", windows: "tf.Tensor", side: int) -> "tf.Tensor":
    """`pipelines.nn.moves.affine`'s ``rows`` (batch, 8) that move within ``windows`` (batch, 4), for whole images."""
    import tensorflow as tf

    corners, sides = windows[:, :2] * side, windows[:, 2:] - windows[:, :2]
    a0, a1, a2, b0, b1, b2, zero, _ = tf.unstack(rows, axis=1)
    (left, top), (wide, high) = tf.unstack(corners, axis=1), tf.unstack(sides, axis=1)
    across, down = left + wide * (a2 + 0.5) - 0.5, top + high * (b2 + 0.5) - 0.5  # pixels' middles lie half a pixel in
    return tf.stack([wide * a0, wide * a1, across, high * b0, high * b1, down, zero, zero], axis=1)
