"""Augmentation of images together with their maps of object numbers, as pure functions of (seed, step, position)."""

import math
from typing import TYPE_CHECKING, Any

from pipelines.nn.augment import Augmentation, affine, moved_images, with_contrast
from pipelines.tasks.instances.parameters import Parameters

if TYPE_CHECKING:
    import tensorflow as tf


def instance_augmentation(parameters: Parameters) -> Augmentation | None:
    """A function on images ``float32 (batch, size, size, 3)``, targets with ``ids`` (batch, size, size) and the step.

    Image and map are sampled at the same places, bilinearly and at the nearest pixel. What comes in from beyond the
    border is 0 and no object: a reflection would give one number to two objects. None if nothing is asked.
    """
    import tensorflow as tf

    p = parameters
    moved = p.flip != "none" or p.quarter_turns or p.rotate or p.shift or p.zoom
    if not (moved or p.contrast):
        return None

    def augment(images: "tf.Tensor", targets: Any, step: "tf.Tensor") -> tuple["tf.Tensor", Any]:
        shape = tf.stack([tf.shape(images)[0], 8])
        draws = tf.random.stateless_uniform(shape, tf.stack([tf.cast(p.seed, tf.int64), step]), -1.0, 1.0)
        if moved:
            rows = _transforms(p, draws, int(images.shape[1]))
            ids = tf.cast(targets["ids"], tf.int32)[..., None]
            images = moved_images(images, rows, "BILINEAR", "CONSTANT")
            ids = moved_images(ids, rows, "NEAREST", "CONSTANT")[..., 0]
            targets = {**targets, "ids": tf.cast(ids, targets["ids"].dtype)}
        if p.contrast:
            images = with_contrast(images, draws[:, 7] * p.contrast)
        return images, targets

    return augment


def _transforms(p: Parameters, draws: "tf.Tensor", side: int) -> "tf.Tensor":
    """Rows of eight numbers that say where each pixel comes from. A flip up and down is one left and right, turned."""
    import tensorflow as tf

    turn, across, down, scale, mirrored, upset, quarter = tf.unstack(draws[:, :7], axis=1)
    angle = turn * p.rotate * 2 * math.pi
    if p.quarter_turns:
        angle += tf.floor((quarter + 1) * 2) * (math.pi / 2)
    sign = tf.ones_like(turn) if p.flip == "none" else tf.where(mirrored < 0, -1.0, 1.0)
    if p.flip == "both":
        angle += tf.where(upset < 0, math.pi, 0.0)
    return affine(angle, across * p.shift * side, down * p.shift * side, 1 / (1 + scale * p.zoom), sign, side)
