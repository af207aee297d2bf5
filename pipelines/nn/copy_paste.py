"""Copy-paste: objects of one image laid on another (Ghiasi et al. 2021, arXiv:2012.07177), for maps of objects."""

from typing import TYPE_CHECKING

from pipelines.nn.boxes import IGNORED, PADDING

if TYPE_CHECKING:
    import tensorflow as tf

VISIBLE = 0.5
"""Part of an object's pixels that must stay to be seen; one that is covered further is neither learned nor
background."""


def copy_paste(
    images: "tf.Tensor", ids: "tf.Tensor", labels: "tf.Tensor", part: float, key: "tf.Tensor"
) -> tuple["tf.Tensor", "tf.Tensor", "tf.Tensor"]:
    """On ``part`` of the images each object of the batch's next image is laid with a chance of one half.

    It lies where it lay there, with hard edges; crowds are not laid. The map's numbers of laid objects follow those
    of an image's own.

    Args:
        images: (batch, side, side, 3).
        ids: int32 (batch, side, side); 0 is no object, i + 1 the i-th.
        labels: int32 (batch, objects), class indices, `IGNORED` or `PADDING`.
        part: 0 to 1.
        key: int64 (2,), of the draw.

    Returns:
        All three, the labels int32 (batch, 2 objects).
    """
    import tensorflow as tf

    batch, objects = tf.shape(labels)[0], tf.shape(labels)[1]
    over, over_ids, over_labels = (tf.roll(each, -1, axis=0) for each in (images, ids, labels))
    draws = tf.random.stateless_uniform(tf.stack([batch, 1 + objects]), key)
    laid = (draws[:, :1] < part) & (draws[:, 1:] < 0.5) & (over_labels >= 0)
    hides = tf.gather(tf.pad(laid, [[0, 0], [1, 0]]), over_ids, batch_dims=1)
    below = pixels(ids, objects)
    ids = tf.where(hides, over_ids + objects, ids)
    seen = pixels(ids, objects)
    covered = (labels >= 0) & (seen > 0) & (seen < VISIBLE * below)
    return (
        tf.where(hides[..., None], over, images),
        ids,
        tf.concat([tf.where(covered, IGNORED, labels), tf.where(laid, over_labels, PADDING)], axis=1),
    )


def pixels(ids: "tf.Tensor", objects: "tf.Tensor") -> "tf.Tensor":
    """How many pixels show each of the first ``objects``, float32 (batch, objects)."""
    import tensorflow as tf

    flat = tf.reshape(ids, tf.stack([tf.shape(ids)[0], -1]))
    counts = tf.math.bincount(flat, minlength=objects + 1, maxlength=objects + 1, axis=-1, dtype=tf.float32)
    return counts[:, 1:]
