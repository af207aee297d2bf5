"""Augmentation of images together with their maps of object numbers, as pure functions of (seed, step, position)."""

from typing import TYPE_CHECKING, Any

from pipelines.nn.augment import Augmentation, moved_images, with_contrast
from pipelines.nn.colour import tinted
from pipelines.nn.copy_paste import copy_paste
from pipelines.nn.moves import DRAWS, moves_of
from pipelines.tasks.instances.parameters import Parameters

if TYPE_CHECKING:
    import tensorflow as tf


def instance_augmentation(parameters: Parameters) -> Augmentation | None:
    """A function on images ``float32 (batch, size, size, 3)``, targets with ``ids`` (batch, size, size) and the step.

    Image and map are sampled at the same places, bilinearly and at the nearest pixel. What comes in from beyond the
    border is 0 and no object: a reflection would give one number to two objects. With ``paste``, ``labels`` come out
    twice as many, see `copy_paste`. None if nothing is asked.
    """
    import tensorflow as tf

    p = parameters
    moves = moves_of(p)
    if not (moves or p.contrast or p.paste):
        return tinted(p, None)

    def augment(images: "tf.Tensor", targets: Any, step: "tf.Tensor") -> tuple["tf.Tensor", Any]:
        key = tf.stack([tf.cast(p.seed, tf.int64), step])
        draws = tf.random.stateless_uniform(tf.stack([tf.shape(images)[0], DRAWS + 1]), key, -1.0, 1.0)
        ids, labels = tf.cast(targets["ids"], tf.int32), targets["labels"]
        if moves:
            rows = moves.rows(draws[:, :DRAWS], int(images.shape[1]))
            images = moved_images(images, rows, "BILINEAR", "CONSTANT")
            ids = moved_images(ids[..., None], rows, "NEAREST", "CONSTANT")[..., 0]
        if p.contrast:
            images = with_contrast(images, draws[:, DRAWS] * p.contrast)
        if p.paste:
            images, ids, labels = copy_paste(images, ids, labels, p.paste, key + 1)
        return images, {**targets, "ids": tf.cast(ids, targets["ids"].dtype), "labels": labels}

    return tinted(p, augment)
