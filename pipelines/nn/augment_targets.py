"""Augmentation of images together with the images to be made of them: both are sampled at the same places."""

from typing import TYPE_CHECKING

from pipelines.nn.augment import Augmentation, moved_images
from pipelines.nn.moves import Moves, drawn

if TYPE_CHECKING:
    import tensorflow as tf


def target_augmentation(seed: int, moves: Moves) -> Augmentation | None:
    """A function on images ``float32`` and targets ``uint8``, both (batch, size, size, 3), and the step.

    Light and colour stay: what the target is of an image would not be that of another one. None if nothing is asked.

    Args:
        seed: with the step and an example's position in the batch, fixes what happens to it.
        moves: of both, filled up with their own reflection.
    """
    import tensorflow as tf

    if not moves:
        return None

    def augment(images: "tf.Tensor", targets: "tf.Tensor", step: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
        draws, _ = drawn(tf.stack([tf.cast(seed, tf.int64), step]), tf.shape(images)[0])
        rows = moves.rows(draws, int(images.shape[1]))
        moved, made = (moved_images(each, rows, "BILINEAR", "REFLECT") for each in (images, targets))
        return moved, made

    return augment
