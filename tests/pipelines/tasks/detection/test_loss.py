"""The loss against one computed by hand, and what it leaves out."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines.nn.boxes import IGNORED, PADDING
from pipelines.tasks.detection.loss import hardest, multibox_loss, smooth_l1

DEFAULTS = np.array([[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [0.5, 0.5, 1, 1]], np.float32)
NOTHING = [0, 0, 0, 0, PADDING]


def outputs(offsets: list[list[float]], logits: list[list[float]]) -> "tf.Tensor":
    return tf.constant([np.concatenate([offsets, logits], axis=1)], tf.float32)


def entropy(logits: list[float], label: int) -> float:
    return float(np.log(np.exp(logits).sum()) - logits[label])


def test_smooth_l1_by_hand() -> None:
    np.testing.assert_allclose(smooth_l1(tf.constant([0.0, 0.5, -1.0, 3.0])), [0, 0.125, 0.5, 2.5])


def test_the_hardest_candidates_are_found_row_by_row_and_the_first_of_equal_ones() -> None:
    losses = tf.constant([[5.0, 1.0, 3.0, 4.0], [2.0, 2.0, 2.0, 2.0]])
    candidates = tf.constant([[False, True, True, True], [True, False, True, True]])
    found = hardest(losses, candidates, tf.constant([2.0, 2.0]))
    np.testing.assert_array_equal(found, [[0, 0, 1, 1], [1, 0, 1, 0]])
    every = hardest(losses, candidates, tf.constant([9.0, 9.0]))
    np.testing.assert_array_equal(every, candidates.numpy().astype(np.float32))


def test_the_loss_of_one_match_and_two_mined_boxes_by_hand() -> None:
    truth = [0.05, 0.0, 0.55, 0.5, 1]  # a tenth of the first default box's side to the right: offset 0.1 / 0.1 = 1
    offsets = [[0.5, 0, 0, 2.0], [9.0, 9, 9, 9], [9.0, 9, 9, 9], [9.0, 9, 9, 9]]
    logits = [[0.0, 1, 2], [3.0, 0, 0], [1.0, 0, 0], [0.0, 0, 1]]
    found = multibox_loss(DEFAULTS, 2.0)(tf.constant([[truth, NOTHING]]), outputs(offsets, logits))
    place = 0.5 * 0.5**2 + (2 - 0.5)
    mined = entropy(logits[3], 0) + entropy(logits[2], 0)  # the second default box is background beyond doubt
    np.testing.assert_allclose(found, [place + entropy(logits[0], 2) + mined], rtol=1e-5)


def test_the_mean_over_the_batch_is_the_sum_by_match() -> None:
    random = np.random.default_rng(0)
    raw = tf.constant(random.normal(size=(2, 4, 7)), tf.float32)
    one, two = [*DEFAULTS[0], 0], [*DEFAULTS[3], 1]
    loss = multibox_loss(DEFAULTS, 1.0)
    both = loss(tf.constant([[one, NOTHING], [one, two]], tf.float32), raw)
    alone = [float(loss(tf.constant([t], tf.float32), raw[i : i + 1])[0]) for i, t in enumerate(([one], [one, two]))]
    assert float(tf.reduce_mean(both)) == pytest.approx((alone[0] * 1 + alone[1] * 2) / 3, rel=1e-5)


def test_an_image_without_objects_teaches_background_alone() -> None:
    logits = [[0.0, 1, 2], [3.0, 0, 0], [1.0, 0, 0], [0.0, 0, 1]]
    raw = outputs([[9.0, 9, 9, 9]] * 4, logits)
    found = multibox_loss(DEFAULTS, 1.0)(tf.constant([[NOTHING]], tf.float32), raw)
    np.testing.assert_allclose(found, [entropy(logits[0], 0)], rtol=1e-5)


def test_ignored_regions_are_not_background() -> None:
    logits = [[0.0, 9, 0], [1.0, 0, 0], [1.0, 0, 0], [0.0, 0, 1]]
    truths = tf.constant([[[*DEFAULTS[0], IGNORED], [*DEFAULTS[3], 1]]], tf.float32)
    raw = tf.Variable(outputs([[0.0] * 4] * 4, logits))
    with tf.GradientTape() as tape:
        found = multibox_loss(DEFAULTS, 9.0)(truths, raw)
    expected = entropy(logits[3], 2) + entropy(logits[1], 0) + entropy(logits[2], 0)
    np.testing.assert_allclose(found, [expected], rtol=1e-5)
    gradient = tf.convert_to_tensor(tape.gradient(found, raw)).numpy()[0]
    assert not gradient[0].any()
    assert gradient[1:, 4:].any(axis=1).all()
