"""Trainings that do not learn are named; those that do are left alone."""

import keras
import numpy as np
import pytest

from pipelines.tasks.classification import task
from pipelines.training.health import flat_loss, vanishing_gradients

CHANCE = float(np.log(10))


def history(*losses: float, accuracy: float = 0.1) -> list[dict[str, float]]:
    return [{"epoch": epoch, "loss": loss, "accuracy": accuracy} for epoch, loss in enumerate(losses, 1)]


def test_a_flat_loss_is_named() -> None:
    assert "flat" in (flat_loss(history(2.303, 2.302, 2.300), CHANCE) or "")
    assert "flat" in (flat_loss(history(3.5, 2.8, 2.4), CHANCE) or "")


@pytest.mark.parametrize("rows", [history(2.3, 1.8, 1.2), history(2.3), history(0.01, 0.01, accuracy=0.99)])
def test_a_falling_a_short_and_a_finished_training_are_not(rows: list[dict[str, float]]) -> None:
    assert flat_loss(rows, CHANCE) is None


def dense(activation: str, depth: int) -> keras.Model:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(16, activation=activation) for _ in range(depth)]
    model = keras.Sequential([keras.Input((8,)), *layers, keras.layers.Dense(4)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def test_gradients_that_vanish_through_many_sigmoids_are_named() -> None:
    images = np.random.default_rng(0).random((16, 8), np.float32)
    targets = np.arange(16) % 4
    assert "vanish" in (vanishing_gradients(dense("sigmoid", 30), images, targets, np.log(4)) or "")
    assert vanishing_gradients(dense("relu", 2), images, targets, np.log(4)) is None


def test_one_class_for_everything_is_named() -> None:
    logits = np.zeros((6, 3), np.float32)
    logits[:, 1] = 1
    assert task.symptoms(logits, np.array([0, 1, 2, 0, 1, 2], np.int32), ["a", "b", "c"]) == [
        "one class is predicted for everything: b"
    ]
    assert task.symptoms(logits, np.ones(6, np.int32), ["a", "b", "c"]) == []
    assert task.symptoms(np.eye(3, dtype=np.float32), np.arange(3, dtype=np.int32), ["a", "b", "c"]) == []
