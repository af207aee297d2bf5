"""Whether a training learns: what its loss and its gradients say."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipelines.training.state import Row

if TYPE_CHECKING:
    import keras

FLAT = 0.05
"""A loss that ends no more than this part below the first epoch's, or below that of guessing, is flat."""
VANISHED = 1e-6
"""Gradient against weight, both as norms: below it a step cannot move the layer."""


def flat_loss(history: Sequence[Row], chance: float | None) -> str | None:
    """A warning if the training loss did not fall after the first epoch, or not below ``chance``.

    ``chance`` is the loss of a model that knows nothing, where the kind has such a figure. A training that began with
    good answers may stay where it is.
    """
    if len(history) < 2:
        return None
    first, best = history[0]["loss"], min(row["loss"] for row in history[1:])
    if best > (1 - FLAT) * min(first, chance or first) and history[-1].get("accuracy", 0.0) < 0.9:
        return f"the loss is flat ({first:.4g} in epoch 1, {best:.4g} at best after that); try find_rate=true"
    return None


def vanishing_gradients(model: "keras.Model", images: Any, targets: Any, chance: float | None) -> str | None:
    """A warning if the layers near the input get no gradient although there is much left to learn.

    Args:
        model: compiled.
        images, targets: one batch.
        chance: loss of a model that knows nothing; below a tenth of it, small gradients are as they should be.
    """
    import tensorflow as tf

    kernels = [variable for variable in model.trainable_variables if len(variable.shape) > 1]
    with tf.GradientTape() as tape:
        loss = model.compute_loss(images, targets, model(images, training=False), training=False)
    gradients = tape.gradient(loss, [kernel.value for kernel in kernels])
    if chance is not None and float(loss) < chance / 10:
        return None
    ratios = [
        float(tf.norm(gradient) / (tf.norm(kernel.value) + 1e-12)) if gradient is not None else 0.0
        for gradient, kernel in zip(gradients, kernels, strict=True)
    ]
    early = ratios[: max(1, len(ratios) // 2)]
    if max(early) < VANISHED:
        return (
            f"the gradients vanish: at most {max(early):.1e} of the weights in the first {len(early)} layers; "
            "use a normalization, another activation, or given weights"
        )
    return None
