"""Augmentation of batches of prepared sounds as a pure function of (seed, step, position), inside ``tf.data``."""

from typing import TYPE_CHECKING, Any

from pipelines.nn.augment import Augmentation

if TYPE_CHECKING:
    import tensorflow as tf


def sound_augmentation(seed: int, shift: float, gain: float, noise: float) -> Augmentation | None:
    """An augmentation of ``float32 (batch, length, 1)`` that leaves the targets as they are; None if none is asked.

    Args:
        seed: with the step and an example's position in the batch, fixes what happens to it.
        shift: earlier or later by up to this part of the length; silence follows.
        gain: louder or softer by up to so many decibels.
        noise: white, of a deviation from 0 to this; 1 is full scale.
    """
    import tensorflow as tf

    if not (shift or gain or noise):
        return None

    def augment(sounds: "tf.Tensor", targets: Any, step: "tf.Tensor") -> tuple["tf.Tensor", Any]:
        key = tf.stack([tf.cast(seed, tf.int64), step])
        count, length = tf.shape(sounds)[0], int(sounds.shape[1])
        moves, gains, noises = tf.unstack(tf.random.stateless_uniform(tf.stack([3, count]), key, -1.0, 1.0))
        if shift:
            sounds = _moved(sounds, tf.cast(tf.round(moves * shift * length), tf.int32))
        if gain:
            sounds *= tf.pow(10.0, gains * gain / 20)[:, None, None]
        if noise:
            hiss = tf.random.stateless_normal(tf.shape(sounds), key + 1)
            sounds += hiss * (noise * (noises + 1) / 2)[:, None, None]
        return sounds, targets

    return augment


def _moved(sounds: "tf.Tensor", places: "tf.Tensor") -> "tf.Tensor":
    """``(batch, length, 1)`` later by ``places`` int32 (batch,), earlier where that is below 0, with silence."""
    import tensorflow as tf

    length = int(sounds.shape[1])
    origin = tf.range(length)[None] - places[:, None]
    there = tf.logical_and(origin >= 0, origin < length)
    found = tf.gather(sounds, tf.clip_by_value(origin, 0, length - 1), batch_dims=1)
    return found * tf.cast(there, sounds.dtype)[..., None]
