"""Boxes and mask targets from maps of object numbers, by hand."""

import numpy as np
import tensorflow as tf

from pipelines.nn.boxes import IGNORED, PADDING
from pipelines.tasks.instances.truths import boxes_of, cropped_masks


def test_boxes_reach_around_the_pixels_that_are_left() -> None:
    ids = np.zeros((2, 8, 8), np.int32)
    ids[0, 1:4, 2:7] = 1
    ids[0, 2, 5] = 3  # one pixel: too small to learn from
    ids[1, 0:8, 0:8] = 2
    ids[1, 4:6, 4:6] = 3
    boxes, labels = boxes_of(tf.constant(ids), tf.constant([[4, 5, 6], [PADDING, 7, IGNORED]]))
    assert boxes.numpy()[0].tolist() == [[2, 1, 7, 4], [0, 0, 0, 0], [5, 2, 6, 3]]
    assert boxes.numpy()[1].tolist() == [[0, 0, 0, 0], [0, 0, 8, 8], [4, 4, 6, 6]]
    assert labels.numpy().tolist() == [[4, PADDING, IGNORED], [PADDING, 7, IGNORED]]


def test_a_mask_in_its_own_box_is_itself() -> None:
    numbers = np.random.default_rng(0)
    ids = numbers.integers(0, 3, (2, 8, 8)).astype(np.int32)
    boxes = tf.constant([[[2.0, 3.0, 6.0, 7.0]], [[0.0, 0.0, 4.0, 4.0]]])
    found = cropped_masks(tf.constant(ids), boxes, tf.constant([[0], [1]]), 4)
    np.testing.assert_array_equal(found[0, 0], ids[0, 3:7, 2:6] == 1)
    np.testing.assert_array_equal(found[1, 0], ids[1, 0:4, 0:4] == 2)


def test_between_pixels_a_mask_is_bilinear() -> None:
    ids = np.zeros((1, 4, 4), np.int32)
    ids[0, :, 2:] = 1
    found = cropped_masks(tf.constant(ids), tf.constant([[[0.0, 0.0, 4.0, 4.0]]]), tf.constant([[0]]), 8)
    row = [0, 0, 0, 0.25, 0.75, 1, 1, 1]  # bin 3's middle is at 1.75, a quarter from pixel 1's middle to pixel 2's
    np.testing.assert_allclose(found[0, 0], np.tile(row, (8, 1)), atol=1e-6)
