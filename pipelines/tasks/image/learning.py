"""What a model that makes images is trained on, and what is measured meanwhile.

Truths are ``uint8`` and answers ``float32`` from 0 to 1, both (batch, side, side, 3).
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from pipelines.tasks.image.parameters import Loss

SSIM_PART = 0.84
"""Of the loss ``ssim``, the rest of it is l1 (Zhao et al. 2017, arXiv:1511.08861, there with several scales)."""
LEAST = 1e-7


def image_loss(name: Loss) -> Callable[[Any, Any], Any]:
    """The loss by example ``float32 (batch,)``, the mean over its pixels and channels."""
    losses: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
        "l1": _l1,
        "l2": lambda truth, answer: tf.reduce_mean(tf.square(truth - answer), axis=[1, 2, 3]),
        "bce": _cross_entropy,
        "ssim": lambda truth, answer: (
            SSIM_PART * (1 - tf.image.ssim(truth, answer, 1.0)) + (1 - SSIM_PART) * _l1(truth, answer)
        ),
    }

    def loss(truth: tf.Tensor, answer: tf.Tensor) -> tf.Tensor:
        return losses[name](levels(truth), answer)

    return loss


def levels(truth: tf.Tensor) -> tf.Tensor:
    """Truths as float32 from 0 to 1."""
    return tf.cast(truth, tf.float32) / 255


def _l1(truth: tf.Tensor, answer: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(truth - answer), axis=[1, 2, 3])


def _cross_entropy(truth: tf.Tensor, answer: tf.Tensor) -> tf.Tensor:
    answer = tf.clip_by_value(answer, LEAST, 1 - LEAST)
    return -tf.reduce_mean(truth * tf.math.log(answer) + (1 - truth) * tf.math.log(1 - answer), axis=[1, 2, 3])


def psnr(truth: tf.Tensor, answer: tf.Tensor) -> tf.Tensor:
    """Peak signal-to-noise ratio by example, dB ``float32 (batch,)``."""
    return tf.image.psnr(levels(truth), answer, 1.0)
