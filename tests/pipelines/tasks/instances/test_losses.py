"""The parts of the loss against NumPy."""

import numpy as np
import tensorflow as tf

from pipelines.tasks.instances import losses

NUMBERS = np.random.default_rng(0)
USED = np.array([[1, 0, 1], [1, 1, 0]], np.float32)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def test_objectness_is_the_cross_entropy_of_the_used_slots() -> None:
    logits, wanted = NUMBERS.normal(size=(2, 3)).astype(np.float32), np.float32([[1, 1, 0], [0, 1, 1]])
    entropy = -np.log(np.where(wanted > 0, _sigmoid(logits), 1 - _sigmoid(logits)))
    np.testing.assert_allclose(losses.objectness(logits, wanted, USED), entropy[USED > 0].mean(), rtol=1e-5)


def test_classification_is_the_cross_entropy_of_the_used_slots() -> None:
    logits, wanted = NUMBERS.normal(size=(2, 3, 4)).astype(np.float32), np.int32([[0, 3, 1], [2, 2, 0]])
    shares = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    entropy = -np.log(np.take_along_axis(shares, wanted[..., None], 2)[..., 0])
    np.testing.assert_allclose(losses.classification(logits, wanted, USED), entropy[USED > 0].mean(), rtol=1e-5)


def test_smooth_l1_is_quadratic_below_beta_and_linear_above() -> None:
    found = np.zeros((1, 2, 4), np.float32)
    wanted = np.float32([[[0.05, 0.0, -2.0, 0.1], [np.nan, np.inf, 5.0, 5.0]]])
    loss = losses.smooth_l1(found, wanted, np.float32([[1, 0]]), 0.1, tf.constant(4.0))
    np.testing.assert_allclose(loss, (0.5 * 0.05**2 / 0.1 + (2 - 0.05) + 0.05) / 4, rtol=1e-5)


def test_mask_loss_is_the_mean_over_pixels_and_used_slots() -> None:
    logits, wanted = NUMBERS.normal(size=(2, 3, 2, 2)).astype(np.float32), NUMBERS.random((2, 3, 2, 2), np.float32)
    entropy = -(wanted * np.log(_sigmoid(logits)) + (1 - wanted) * np.log(1 - _sigmoid(logits)))
    np.testing.assert_allclose(losses.masks(logits, wanted, USED), entropy[USED > 0].mean(), rtol=1e-5)


def test_nothing_used_costs_nothing() -> None:
    empty = np.zeros((1, 2), np.float32)
    assert float(losses.objectness(empty, empty, empty)) == 0
    assert (
        float(
            losses.smooth_l1(
                np.zeros((1, 2, 4), np.float32), np.ones((1, 2, 4), np.float32), empty, 1.0, tf.constant(0.0)
            )
        )
        == 0
    )
