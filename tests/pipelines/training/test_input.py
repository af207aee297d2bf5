"""Which examples a step sees is a pure function of seed and step."""

import numpy as np
import tensorflow as tf

from pipelines.nn.augment import image_augmentation
from pipelines.nn.moves import Moves
from pipelines.training.input import Plan, training_data, validation_data

PLAN = Plan(examples=23, batch_size=5, epochs=3, seed=4)


def test_an_epoch_shows_each_example_at_most_once_and_in_its_own_order() -> None:
    order = PLAN.order(0).reshape(3, -1)
    assert order.shape == (3, 20)
    for epoch in order:
        assert len(set(epoch.tolist())) == 20
        assert set(epoch.tolist()) <= set(range(23))
    assert not np.array_equal(order[0], order[1])


def test_the_order_from_any_step_on_is_the_tail_of_the_whole() -> None:
    whole = PLAN.order(0)
    for step in range(PLAN.steps + 1):
        np.testing.assert_array_equal(PLAN.order(step), whole[step:])


def test_another_seed_gives_another_order() -> None:
    assert not np.array_equal(PLAN.order(0), Plan(23, 5, 3, seed=5).order(0))


def test_a_batch_is_never_larger_than_the_data() -> None:
    small = Plan(examples=3, batch_size=32, epochs=2, seed=0)
    assert (small.batch, small.steps_per_epoch, small.steps) == (3, 1, 2)


def test_resumed_data_is_the_tail_of_the_whole_augmentation_included() -> None:
    generator = np.random.default_rng(0)
    images = tf.constant(generator.random((23, 8, 8, 3), np.float32))
    targets = {"label": tf.range(23)}
    augment = image_augmentation(1, Moves("both", True, rotate=0.1, shift=0.2, zoom=0.1), contrast=0.3)
    whole = list(training_data(images, targets, PLAN, 0, augment).as_numpy_iterator())
    tail = list(training_data(images, targets, PLAN, 7, augment).as_numpy_iterator())
    assert len(whole) == PLAN.steps
    for (expected, expected_target), (found, target) in zip(whole[7:], tail, strict=True):
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(target["label"], expected_target["label"])


def test_without_augmentation_a_batch_holds_the_plans_examples() -> None:
    images = tf.reshape(tf.range(23.0), (23, 1, 1, 1))
    for row, (batch, targets) in zip(PLAN.order(0), training_data(images, tf.range(23), PLAN, 0, None), strict=True):
        np.testing.assert_array_equal(batch[:, 0, 0, 0], row)
        np.testing.assert_array_equal(targets, row)


def test_validation_sees_every_example_once_in_order() -> None:
    images = tf.reshape(tf.range(23.0), (23, 1, 1, 1))
    batches = list(validation_data(images, tf.range(23), 10))
    assert [len(batch) for batch, _ in batches] == [10, 10, 3]
    np.testing.assert_array_equal(np.concatenate([target for _, target in batches]), np.arange(23))
