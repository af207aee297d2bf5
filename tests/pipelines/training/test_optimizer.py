"""Rates by hand, and a backbone that moves slowly whatever the optimizer."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.parameters import resolve
from pipelines.training.optimizer import Rate, build_optimizer


def rates(schedule: str, warmup: int = 0, steps: int = 10) -> list[float]:
    rate = Rate(0.5, schedule, warmup, steps)
    return [float(rate(step)) for step in (0, steps // 2, steps)]


def test_schedules_at_the_start_the_middle_and_the_end() -> None:
    assert rates("constant") == pytest.approx([0.5, 0.5, 0.5])
    assert rates("cosine") == pytest.approx([0.5, 0.25, 0.0], abs=1e-7)
    assert rates("exponential") == pytest.approx([0.5, 0.05, 0.005])
    assert rates("sweep") == pytest.approx([0.5e-7, 0.5 * 10**-3.5, 0.5], rel=1e-4)


def test_warm_up_rises_evenly_and_the_schedule_follows() -> None:
    rate = Rate(1.0, "cosine", 4, 12)
    assert [float(rate(step)) for step in range(4)] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert float(rate(8)) == pytest.approx(0.5 * (1 + math.cos(math.pi / 2)))


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "rmsprop"])
def test_the_backbone_moves_at_a_tenth_of_the_rate(name: str) -> None:
    given = {"optimizer": name, "weights": "imagenet", "unfrozen_rate": 0.1, "weight_decay": 0.3}
    parameters = resolve("classification", {"data": "d", **given})
    backbone = keras.Variable(np.full(3, 2.0), name="kernel", dtype="float32")
    with keras.name_scope("head"):
        head = keras.Variable(np.full(3, 2.0), name="kernel", dtype="float32")
    optimizer = build_optimizer(parameters, Rate(0.01, "constant", 0, 10))
    optimizer.apply([tf.constant([1.0, -2.0, 0.5]), tf.constant([1.0, -2.0, 0.5])], [backbone, head])
    moved_backbone, moved_head = np.asarray(backbone) - 2.0, np.asarray(head) - 2.0
    assert np.abs(moved_head).min() > 1e-3
    np.testing.assert_allclose(moved_backbone, 0.1 * moved_head, rtol=1e-3)


def test_fresh_weights_all_move_at_the_full_rate() -> None:
    parameters = resolve("classification", {"data": "d", "optimizer": "sgd", "momentum": 0})
    variable = keras.Variable(np.zeros(2), name="kernel", dtype="float32")
    build_optimizer(parameters, Rate(0.5, "constant", 0, 10)).apply([tf.constant([1.0, 2.0])], [variable])
    np.testing.assert_allclose(variable, [-0.5, -1.0])
