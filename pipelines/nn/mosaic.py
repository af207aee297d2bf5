"""Mosaic: four images joined into one (Bochkovskiy et al. 2020, arXiv:2004.10934, section 3.3), for boxes."""

from typing import TYPE_CHECKING

from pipelines.nn.boxes import PADDING
from pipelines.nn.windows import inside

if TYPE_CHECKING:
    import tensorflow as tf

NEAREST = 0.2
"""Part of the side that lies between the border and the point where the four meet, at least."""


def mosaic(images: "tf.Tensor", truths: "tf.Tensor", part: float, key: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
    """``part`` of the images become four, which meet at a random point: the image itself and the batch's next three.

    Each quarter shows a window of its image at that image's own scale, so objects keep their size. Those whose centre
    the window leaves out become padding, the others' boxes are cut at its border.

    Args:
        images: (batch, side, side, 3).
        truths: float32 (batch, objects, 5), see `pipelines.nn.boxes`, in the unit square.
        part: 0 to 1.
        key: int64 (2,), of the draw.

    Returns:
        Both; the truths with as many rows as the fullest image has objects, and at least one.
    """
    import tensorflow as tf

    batch, side = tf.shape(images)[0], int(images.shape[1])
    draws = tf.random.stateless_uniform(tf.stack([batch, 11]), key)
    joined = draws[:, 0] < part
    point = tf.cast((NEAREST + draws[:, 1:3] * (1 - 2 * NEAREST)) * side, tf.int32)  # (batch, x and y)
    near, far = tf.zeros_like(point), tf.fill(tf.shape(point), side)
    corners = tf.stack([near, _mixed(point, near), _mixed(near, point), point], axis=1)  # (batch, quarters, x and y)
    ends = tf.stack([point, _mixed(far, point), _mixed(point, far), far], axis=1)
    room = tf.cast(side - (ends - corners) + 1, tf.float32)
    starts = tf.cast(tf.reshape(draws[:, 3:], [-1, 4, 2]) * room, tf.int32)
    whole = ~joined[:, None, None] & (tf.range(4) == 0)[None, :, None]
    corners, starts = tf.where(joined[:, None, None], corners, 0), tf.where(joined[:, None, None], starts, 0)
    ends = tf.where(joined[:, None, None], ends, tf.where(whole, side, 0))
    return _joined_images(images, corners, ends, starts), _joined_truths(truths, corners, ends, starts, side)


def _mixed(across: "tf.Tensor", down: "tf.Tensor") -> "tf.Tensor":
    import tensorflow as tf

    return tf.stack([across[:, 0], down[:, 1]], axis=1)


def _joined_images(images: "tf.Tensor", corners: "tf.Tensor", ends: "tf.Tensor", starts: "tf.Tensor") -> "tf.Tensor":
    """Each pixel is fetched from the one of the four images that its place belongs to."""
    import tensorflow as tf

    batch, side = tf.shape(images)[0], int(images.shape[1])
    line, numbers = tf.range(side), tf.range(batch)[:, None, None]
    places = tf.zeros([batch, side, side], tf.int32)
    for quarter in range(4):
        low, high, start = (tf.unstack(each[:, quarter], axis=1) for each in (corners, ends, starts))
        own = [(line >= low[i][:, None]) & (line < high[i][:, None]) for i in range(2)]
        x, y = (line - low[i][:, None] + start[i][:, None] for i in range(2))
        source = ((numbers + quarter) % batch * side + y[:, :, None]) * side + x[:, None, :]
        places = tf.where(own[1][:, :, None] & own[0][:, None, :], source, places)
    return tf.gather(tf.reshape(images, [-1, images.shape[-1]]), places)


def _joined_truths(
    truths: "tf.Tensor", corners: "tf.Tensor", ends: "tf.Tensor", starts: "tf.Tensor", side: int
) -> "tf.Tensor":
    import tensorflow as tf

    found = []
    for quarter in range(4):
        low, high, start = (tf.cast(each[:, None, quarter], tf.float32) / side for each in (corners, ends, starts))
        own, window = tf.roll(truths, -quarter, axis=0), tf.concat([low, high], axis=-1)
        boxes = own[..., :4] + tf.tile(low - start, [1, 1, 2])
        cut = tf.maximum(tf.minimum(boxes, tf.tile(high, [1, 1, 2])), tf.tile(low, [1, 1, 2]))
        seen = tf.reduce_all(cut[..., 2:] > cut[..., :2], axis=-1)
        kept = seen & (inside(boxes, window) | (own[..., 4] < 0))
        found.append(tf.concat([cut, tf.where(kept, own[..., 4], PADDING)[..., None]], axis=-1))
    every = tf.concat(found, axis=1)
    there = every[..., 4] != PADDING
    first = tf.argsort(tf.cast(~there, tf.int32), axis=1, stable=True)
    most = tf.maximum(tf.reduce_max(tf.reduce_sum(tf.cast(there, tf.int32), axis=1)), 1)
    return tf.gather(every, first[:, :most], batch_dims=1)
