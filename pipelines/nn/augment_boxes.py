"""Augmentation of images together with the boxes in them: pure functions of (seed, step, position) for ``tf.data``.

A window of the image (`pipelines.nn.windows`) and a movement within it (`pipelines.nn.moves`) become one affine map, by
which the image is sampled once; then images are joined (`pipelines.nn.mosaic`).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pipelines.nn.augment import moved_images, with_contrast
from pipelines.nn.boxes import PADDING
from pipelines.nn.mosaic import mosaic as joined
from pipelines.nn.moves import DRAWS, Moves
from pipelines.nn.windows import absolute, canvases, crops, inside, relative, within

if TYPE_CHECKING:
    import tensorflow as tf

BoxAugmentation = Callable[["tf.Tensor", "tf.Tensor", "tf.Tensor"], tuple["tf.Tensor", "tf.Tensor"]]
"""From a batch of prepared images, their truths and the step (int64 scalar) to both, a pure function of all three."""


def box_augmentation(
    seed: int, moves: Moves, zoom_out: float, crop: float, contrast: float, mosaic: float, fill: float
) -> BoxAugmentation | None:
    """A function on images ``float32 (batch, size, size, 3)``, truths ``float32 (batch, objects, 5)`` and the step.

    Truths are those of `pipelines.nn.boxes` in the image's unit square. An object whose centre leaves the image
    becomes padding; the others' boxes are cut at the border. None if nothing is asked.

    Args:
        seed: with the step and an example's position in the batch, fixes what happens to it.
        moves: of the image within its window.
        zoom_out: side of the largest canvas that half of the images are put on; 1 is off.
        crop: least side of a crop, whose ratio of width to height is 1/2 to 2; 1 is off.
        contrast: from 1 - contrast to 1 + contrast, about each image's mean.
        mosaic: part of the images that are joined of four; the truths then come out with another number of rows.
        fill: the prepared value of what lies around an image.
    """
    import tensorflow as tf

    framed = zoom_out > 1 or crop < 1
    if not (moves or framed or contrast or mosaic):
        return None

    def augment(images: "tf.Tensor", truths: "tf.Tensor", step: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
        key, batch, side = tf.stack([tf.cast(seed, tf.int64), step]), tf.shape(images)[0], int(images.shape[1])
        if moves or framed:
            draws = tf.random.stateless_uniform(tf.stack([batch, DRAWS]), key + 3, -1.0, 1.0)
            window = canvases(key, batch, zoom_out)
            if crop < 1:
                framing = tf.concat([relative(truths[..., :4], window), truths[..., 4:]], axis=-1)
                window = absolute(crops(key + 1, framing, crop), window)
            rows = within(moves.rows(draws, side), window, side)
            images, truths = moved_images(images, rows, "BILINEAR", "CONSTANT", fill), moved(truths, rows, side)
        if contrast:
            strength = tf.random.stateless_uniform(batch[None], key + 9, -1.0, 1.0)
            images = with_contrast(images, strength * contrast)
        return joined(images, truths, mosaic, key + 6) if mosaic else (images, truths)

    return augment


def moved(truths: "tf.Tensor", rows: "tf.Tensor", side: int) -> "tf.Tensor":
    """``truths`` (batch, objects, 5) in images moved by ``rows``: cut at the border; padding where the centre is out.

    A turned box gets the box around the turned ellipse in it (Kalra et al. 2021, arXiv:2109.13488): the one around its
    four corners is too large for nearly every object, by a half in area at 15 degrees. Where nothing is turned, or by
    quarters, the box is exact. Ignored regions stay while any part of them is seen.

    Args:
        truths: see `pipelines.nn.boxes`, in the unit square.
        rows: float32 (batch, 8), where each pixel comes from, see `pipelines.nn.moves.affine`.
        side: of the images in pixels.
    """
    import tensorflow as tf

    a0, a1, a2, b0, b1, b2, _, _ = tf.unstack(rows[:, None], axis=-1)  # each (batch, 1)
    left, top, right, bottom, classes = tf.unstack(truths, axis=-1)
    x, y = ((low + high) / 2 * side - 0.5 for low, high in ((left, right), (top, bottom)))
    x, y, whole = x - a2, y - b2, a0 * b1 - a1 * b0
    middle = tf.stack([(b1 * x - a1 * y) / whole, (a0 * y - b0 * x) / whole], axis=-1)
    wide, high = (right - left) / 2, (bottom - top) / 2
    half = tf.stack([tf.sqrt((b1 * wide) ** 2 + (a1 * high) ** 2), tf.sqrt((b0 * wide) ** 2 + (a0 * high) ** 2)], -1)
    half /= tf.abs(whole)[..., None]
    centre = (middle + 0.5) / side
    boxes = tf.concat([centre - half, centre + half], axis=-1)
    cut = tf.clip_by_value(boxes, 0.0, 1.0)
    seen = tf.reduce_all(cut[..., 2:] > cut[..., :2], axis=-1)
    kept = seen & (inside(boxes, tf.constant([0.0, 0.0, 1.0, 1.0])) | (classes < 0))
    return tf.concat([cut, tf.where(kept, classes, PADDING)[..., None]], axis=-1)
