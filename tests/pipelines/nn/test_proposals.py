"""Anchors, proposals and suppression, by hand."""

import numpy as np
import tensorflow as tf

from pipelines.nn.proposals import anchors, propose, suppressed


def test_anchors_go_by_row_column_and_ratio() -> None:
    fine, coarse = anchors(64, [16, 8], [32.0, 64.0], [0.5, 1.0, 2.0])
    assert fine.shape == (16 * 16 * 3, 4)
    assert coarse.shape == (8 * 8 * 3, 4)
    np.testing.assert_allclose(fine[1], [2 - 16, 2 - 16, 2 + 16, 2 + 16], atol=1e-4)  # the first cell, square
    np.testing.assert_allclose(fine[4], [6 - 16, 2 - 16, 6 + 16, 2 + 16], atol=1e-4)  # the next one along the row
    np.testing.assert_allclose(coarse[8 * 3 + 1], [4 - 32, 12 - 32, 4 + 32, 12 + 32], atol=1e-4)  # the next row
    sides = fine[:, 2:] - fine[:, :2]
    np.testing.assert_allclose(sides.prod(axis=1), 32.0**2, rtol=1e-4)
    np.testing.assert_allclose((sides[:, 1] / sides[:, 0]).reshape(-1, 3)[7], [0.5, 1.0, 2.0], rtol=1e-4)


def test_the_best_proposals_of_each_level_remain_without_their_doubles() -> None:
    fine = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [50, 50, 60, 60]], np.float32)
    coarse = np.array([[-10, -10, 20, 20], [70, 70, 90, 90], [70, 10, 90, 30]], np.float32)
    scores = [tf.constant([[2.0, 1.5, 1.0, -3.0]]), tf.constant([[0.5, 3.0, 1.0]])]  # before 3: the fourth is not seen
    offsets = [tf.zeros((1, 4, 4)), tf.zeros((1, 3, 4))]
    boxes, there = propose(scores, offsets, [fine, coarse], 64, before=3, after=6, overlap=0.7)
    expected = [[0, 0, 10, 10], [20, 20, 30, 30], [0, 0, 20, 20]]  # by score, clipped; those beyond the image are gone
    assert there.numpy().tolist() == [[True] * 3 + [False] * 3]
    np.testing.assert_allclose(boxes[0, :3], expected, atol=1e-5)
    assert not boxes[0, 3:].numpy().any()


def test_offsets_move_proposals_and_get_no_gradient() -> None:
    offsets = tf.Variable([[[0.5, 0.0, 0.0, np.log(2.0)]]])
    with tf.GradientTape() as tape:
        boxes, _ = propose([tf.zeros((1, 1))], [offsets], [np.array([[20, 20, 30, 30]], np.float32)], 64, 1, 1, 0.7)
    np.testing.assert_allclose(boxes.numpy(), [[[25, 15, 35, 35]]], atol=1e-4)
    assert tape.gradient(boxes, offsets) is None


def test_doubles_are_dropped_within_a_class_alone() -> None:
    near = [[10.0, 10.0, 50.0, 50.0], [10.0, 10.0, 50.0, 48.0]]
    boxes = tf.constant([[near, [near[1], [100.0, 0.0, 128.0, 128.0]], [near[0], near[0]]]])  # 3 boxes, 2 classes
    scores = tf.constant([[[0.9, 0.8], [0.7, 0.6], [0.04, 0.05]]])
    found, kept, classes = suppressed(boxes, scores, 128, 5, 0.5, 0.05)
    np.testing.assert_allclose(kept.numpy(), [[0.9, 0.8, 0.6, 0, 0]])
    assert classes.numpy().tolist() == [[0, 1, 1, 0, 0]]
    expected = [near[0], near[1], [100, 0, 128, 128], [0] * 4, [0] * 4]
    np.testing.assert_allclose(found.numpy(), [expected], atol=1e-4)


def test_each_of_eighty_classes_keeps_its_place() -> None:
    boxes = tf.tile(tf.constant([[[[0.25, 1.0, 1023.75, 1024.0]]]]), [1, 1, 80, 1])
    scores = tf.range(80, 0, -1, dtype=tf.float32)[None, None] / 100
    found, _, classes = suppressed(boxes, scores, 1024, 80, 0.5, 0.0)
    assert classes.numpy().tolist() == [list(range(80))]
    np.testing.assert_allclose(found.numpy(), tf.tile(boxes[:, 0, :1], [1, 80, 1]).numpy(), atol=0.02)
