"""What a training learns from: the boxes and masks of a map of object numbers, made after its augmentation."""

from typing import TYPE_CHECKING

from pipelines.nn.boxes import IGNORED, PADDING

if TYPE_CHECKING:
    import tensorflow as tf

LEAST = 2.0
"""Sides in pixels of the smallest object that is learned; what augmentation leaves smaller is ignored."""


def boxes_of(ids: "tf.Tensor", labels: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
    """Boxes float32 (batch, objects, 4) of the pixels of each number, and their classes.

    An object of which nothing is left has class `PADDING` and the box of a point; one with less than `LEAST` pixels
    to a side is `IGNORED`.

    Args:
        ids: int32 (batch, side, side); 0 is no object, i + 1 the i-th.
        labels: int32 (batch, objects), class indices, `IGNORED` or `PADDING`.
    """
    import tensorflow as tf

    batch, objects, side = tf.shape(labels)[0], tf.shape(labels)[1], ids.shape[1]
    segments = tf.reshape(ids + tf.range(batch)[:, None, None] * (objects + 1), [-1])
    line = tf.range(side)
    edges = []
    for axis in (line[None, None, :], line[None, :, None]):
        places = tf.reshape(tf.broadcast_to(axis, tf.shape(ids)), [-1])
        edges.append((
            tf.math.unsorted_segment_min(places, segments, batch * (objects + 1)),
            tf.math.unsorted_segment_max(places, segments, batch * (objects + 1)) + 1,
        ))  # fmt: skip
    (left, right), (top, bottom) = edges
    boxes = tf.reshape(tf.stack([left, top, right, bottom], axis=-1), tf.stack([batch, objects + 1, 4]))[:, 1:]
    seen = boxes[..., 2] > boxes[..., 0]  # without a pixel, the minimum is the largest number there is
    boxes = tf.where(seen[..., None], tf.cast(boxes, tf.float32), 0.0)
    small = tf.reduce_any(boxes[..., 2:] - boxes[..., :2] < LEAST, axis=-1)
    labels = tf.where(seen, tf.where(small & (labels >= 0), IGNORED, labels), PADDING)
    return boxes, labels


def cropped_masks(ids: "tf.Tensor", boxes: "tf.Tensor", objects: "tf.Tensor", side: int) -> "tf.Tensor":
    """The part of an object's mask in a box, float32 (batch, boxes, side, side), bilinear at the bins' middles.

    Args:
        ids: as `boxes_of` has them.
        boxes: float32 (batch, boxes, 4) in pixels.
        objects: int32 (batch, boxes), each box's object, counted from 0.
        side: bins along each side.
    """
    import tensorflow as tf

    length = ids.shape[1]
    spread = (tf.range(side, dtype=tf.float32) + 0.5) / side
    places = boxes[..., :2, None] + (boxes[..., 2:] - boxes[..., :2])[..., None] * spread - 0.5
    places = tf.clip_by_value(places, 0.0, float(length - 1))  # (batch, boxes, x and y, side)
    before = tf.floor(places)
    cell, share = tf.cast(before, tf.int32), places - before
    flat, wanted = tf.reshape(ids, [-1, length * length]), objects[..., None, None] + 1
    found = tf.constant(0.0)
    for down, below in ((cell[..., 1, :], 1 - share[..., 1, :]), (cell[..., 1, :] + 1, share[..., 1, :])):
        for across, right in ((cell[..., 0, :], 1 - share[..., 0, :]), (cell[..., 0, :] + 1, share[..., 0, :])):
            row, column = tf.minimum(down, length - 1), tf.minimum(across, length - 1)
            values = tf.gather(flat, row[..., :, None] * length + column[..., None, :], batch_dims=1)
            found += tf.cast(values == wanted, tf.float32) * below[..., :, None] * right[..., None, :]
    return found
