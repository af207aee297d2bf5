"""Loss and metrics against hand-computed values; ignored pixels count nowhere."""

import math

import numpy as np
import pytest
import tensorflow as tf

from pipelines.tasks.segmentation.learning import PixelAccuracy, class_weights, mean_iou, segmentation_loss
from pipelines.truth import IGNORE

TRUTH = np.array([[[0, 1], [1, IGNORE]], [[IGNORE, IGNORE], [IGNORE, IGNORE]]], np.uint8)
"""Of two examples; nothing is known of the second."""
LOGITS = np.log(np.array([[[[0.5, 0.5], [0.2, 0.8]], [[0.9, 0.1], [0.3, 0.7]]]] * 2, np.float32))


def test_cross_entropy_is_the_mean_over_an_examples_pixels_that_count() -> None:
    found = segmentation_loss(np.ones(2, np.float32), dice=0)(TRUTH, LOGITS)
    expected = -(math.log(0.5) + math.log(0.8) + math.log(0.1)) / 3
    np.testing.assert_allclose(found, [expected, 0], rtol=1e-5)


def test_a_class_counts_by_its_weight() -> None:
    found = segmentation_loss(np.array([3, 0.5], np.float32), dice=0)(TRUTH, LOGITS)
    expected = -(3 * math.log(0.5) + 0.5 * math.log(0.8) + 0.5 * math.log(0.1)) / 3
    np.testing.assert_allclose(found, [expected, 0], rtol=1e-5)


def test_dice_adds_one_less_the_overlap() -> None:
    plain, with_dice = (segmentation_loss(np.ones(2, np.float32), dice)(TRUTH, LOGITS) for dice in (0, 2))
    first = (2 * 0.5 + 1) / (1 + 0.5 + 0.2 + 0.9 + 1)
    second = (2 * (0.8 + 0.1) + 1) / (2 + 0.5 + 0.8 + 0.1 + 1)
    np.testing.assert_allclose(with_dice - plain, [2 * (1 - (first + second) / 2), 0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dice", [0, 1])
def test_ignored_pixels_have_no_gradient(dice: float) -> None:
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        total = tf.reduce_sum(segmentation_loss(np.ones(2, np.float32), dice)(TRUTH, logits))
    gradient = np.asarray(tape.gradient(total, logits))
    assert (gradient[TRUTH == IGNORE] == 0).all()
    assert (gradient[TRUTH != IGNORE] != 0).all()


def test_weights_are_inverse_to_the_shares_and_one_on_average() -> None:
    targets = np.repeat(np.array([0, 1, IGNORE], np.uint8), [30, 10, 60])
    np.testing.assert_allclose(class_weights(targets, 2), [2 / 3, 2])


def test_weights_of_rare_and_absent_classes_are_bounded() -> None:
    targets = np.repeat(np.array([0, 1], np.uint8), [9990, 10])
    common, rare, absent = class_weights(targets, 3)
    assert rare == absent
    assert 10 < rare / common <= 20
    assert 0.999 * common + 0.001 * rare == pytest.approx(1)


def test_metrics_leave_out_what_is_ignored() -> None:
    accuracy, iou = PixelAccuracy(name="pixel_accuracy"), mean_iou(3)
    logits = np.concatenate([LOGITS, np.full((2, 2, 2, 1), -9, np.float32)], axis=-1)
    for metric in (accuracy, iou):
        metric.update_state(TRUTH[:1], logits[:1])
        metric.update_state(TRUTH[1:], logits[1:])
    assert float(accuracy.result()) == pytest.approx(2 / 3)  # 0 at the tie, 1, and 0 instead of 1
    assert float(iou.result()) == pytest.approx((1 / 2 + 1 / 2) / 2)  # of the two classes that occur
