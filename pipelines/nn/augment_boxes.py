"""Augmentation of images together with the boxes in them: pure functions of (seed, step, position) for ``tf.data``.

Zoom-out, crop and mirror are section 2.2 and 3.6 of arXiv:1512.02325. All three choose one window of the image, which
is sampled once, and the boxes are put into that window's coordinates.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pipelines.nn.boxes import PADDING, iou

if TYPE_CHECKING:
    import tensorflow as tf

BoxAugmentation = Callable[["tf.Tensor", "tf.Tensor", "tf.Tensor"], tuple["tf.Tensor", "tf.Tensor"]]
"""From a batch of prepared images, their truths and the step (int64 scalar) to both, a pure function of all three."""

TRIALS = 50
"""Windows tried for each image; if none does, the image is not cropped."""
OVERLAPS = (None, 0.0, 0.1, 0.3, 0.5, 0.7, 0.9)
"""Least IoU of a crop and some object in it, one of which is drawn for each image; None does not crop."""


def box_augmentation(seed: int, flip: bool, zoom_out: float, crop: float, fill: float) -> BoxAugmentation | None:
    """A function on images ``float32 (batch, size, size, 3)``, truths ``float32 (batch, objects, 5)`` and the step.

    Truths are those of `pipelines.nn.boxes` in the image's unit square. An object whose centre leaves the image
    becomes padding; the others' boxes are cut at the border. None if nothing is asked.

    Args:
        seed: with the step and an example's position in the batch, fixes what happens to it.
        flip: mirror left and right, for half of the examples.
        zoom_out: side of the largest canvas that half of the images are put on; 1 is off.
        crop: least side of a crop, whose ratio of width to height is 1/2 to 2; 1 is off.
        fill: the prepared value of what lies around an image on its canvas.
    """
    import tensorflow as tf

    if not flip and zoom_out == 1 and crop == 1:
        return None

    def augment(images: "tf.Tensor", truths: "tf.Tensor", step: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
        key, batch = tf.stack([tf.cast(seed, tf.int64), step]), tf.shape(images)[0]
        window = canvases(key, batch, zoom_out)
        if crop < 1:
            within = tf.concat([relative(truths[..., :4], window), truths[..., 4:]], axis=-1)
            window = absolute(crops(key + 1, within, crop), window)
        truths = moved(truths, window)
        if flip:
            mirrored = tf.random.stateless_uniform([batch, 1], key + 3) < 0.5
            left, top, right, bottom = tf.unstack(truths[..., :4], axis=-1)
            turned = tf.stack([1 - right, top, 1 - left, bottom, truths[..., 4]], axis=-1)
            truths = tf.where(mirrored[..., None], turned, truths)
            window = tf.where(mirrored, tf.gather(window, [2, 1, 0, 3], axis=1), window)
        return sample(images, window, fill), truths

    return augment


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


def moved(truths: "tf.Tensor", windows: "tf.Tensor") -> "tf.Tensor":
    """``truths`` (batch, objects, 5) in ``windows`` (batch, 4): cut at the border; padding where the centre is out.

    Ignored regions stay while any part of them is seen.
    """
    import tensorflow as tf

    boxes, classes = relative(truths[..., :4], windows), truths[..., 4]
    cut = tf.clip_by_value(boxes, 0.0, 1.0)
    seen = tf.reduce_all(cut[..., 2:] > cut[..., :2], axis=-1)
    kept = seen & (inside(truths[..., :4], windows[:, None]) | (classes < 0))
    return tf.concat([cut, tf.where(kept, classes, PADDING)[..., None]], axis=-1)


def sample(images: "tf.Tensor", windows: "tf.Tensor", fill: float) -> "tf.Tensor":
    """What ``windows`` (batch, 4) of ``images`` (batch, size, size, 3) show, at their size; mirrored if turned about.

    `tf.image.crop_and_resize` takes the centres of the outermost pixels, which lie half a new pixel within the window.
    """
    import tensorflow as tf

    size = int(images.shape[1])
    corners, ends = windows[:, :2], windows[:, 2:]
    half = (ends - corners) / size / 2
    left, top = tf.unstack(((corners + half) * size - 0.5) / (size - 1), axis=1)
    right, bottom = tf.unstack(((ends - half) * size - 0.5) / (size - 1), axis=1)
    places = tf.stack([top, left, bottom, right], axis=1)
    batch = tf.range(tf.shape(images)[0])
    return tf.image.crop_and_resize(images, places, batch, (size, size), extrapolation_value=fill)
