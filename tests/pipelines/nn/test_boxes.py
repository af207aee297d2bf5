"""Overlap, matching and offsets against cases computed by hand."""

import numpy as np
import tensorflow as tf

from pipelines.nn import boxes


def test_overlap_of_boxes_worked_out_by_hand() -> None:
    first = tf.constant([[0.0, 0.0, 4.0, 2.0], [0.0, 0.0, 1.0, 1.0]])
    second = tf.constant([[2.0, 0.0, 6.0, 2.0], [3.0, 1.0, 4.0, 2.0], [0.0, 0.0, 0.0, 5.0]])
    np.testing.assert_allclose(boxes.intersection(first, second), [[4, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(boxes.iou(first, second), [[4 / 12, 1 / 8, 0], [0, 0, 0]])
    np.testing.assert_allclose(boxes.area(tf.constant([[3.0, 0.0, 1.0, 2.0], [1.0, 1.0, 3.0, 4.0]])), [0, 6])


DEFAULTS = tf.constant([[0, 0, 10, 10], [10, 0, 20, 10], [0, 10, 10, 20], [10, 10, 20, 20]], tf.float32)


def matched(*truths: tuple[float, ...]) -> boxes.Match:
    return boxes.match(DEFAULTS, tf.constant([truths], tf.float32))


def test_a_truth_takes_its_best_default_box_however_little_they_overlap() -> None:
    found = matched((0, 0, 4, 5, 0), (0, 0, 0, 0, boxes.PADDING))  # IoU 0.2 with the first
    np.testing.assert_array_equal(found.positive[0], [True, False, False, False])
    assert int(found.truth[0, 0]) == 0


def test_default_boxes_that_overlap_by_more_than_half_are_matched_too() -> None:
    found = matched((0, 0, 20, 10, 0), (10, 10, 20, 20, 1))  # IoU 0.5 with both of the first row: not more than half
    np.testing.assert_array_equal(found.positive[0], [True, False, False, True])
    found = matched((1, 0, 10, 10, 0), (0, 0, 10, 9, 1))  # both want the first; an equal overlap: the first truth's
    assert bool(found.positive[0, 0])
    wide = boxes.match(tf.constant([[0, 0, 10, 10], [0, 0, 10, 8]], tf.float32), tf.constant([[[0, 0, 10, 9, 2.0]]]))
    np.testing.assert_array_equal(wide.positive[0], [True, True])


def test_a_truths_own_default_box_is_not_taken_by_one_that_overlaps_it_more() -> None:
    defaults = tf.constant([[0, 0, 10, 10], [0, 0, 10, 8]], tf.float32)
    truths = tf.constant([[[0, 0, 10, 9.9, 0], [0, 0, 10, 8, 1], [0, 0, 10, 10, boxes.PADDING]]])
    found = boxes.match(defaults, truths)
    np.testing.assert_array_equal(found.truth[0], [0, 1])
    # Alone, the larger truth would have both.
    np.testing.assert_array_equal(boxes.match(defaults, truths[:, :1]).positive[0], [True, True])


def test_padding_and_ignored_regions_match_nothing() -> None:
    found = matched((0, 0, 10, 10, boxes.PADDING), (8, 0, 20, 10, boxes.IGNORED))
    assert not np.any(found.positive)
    np.testing.assert_array_equal(found.ignored[0], [False, True, False, False])
    found = matched((10, 0, 20, 10, 3), (0, 0, 20, 20, boxes.IGNORED))  # an object within a crowd is still learned
    np.testing.assert_array_equal(found.positive[0], [False, True, False, False])
    np.testing.assert_array_equal(found.ignored[0], [True, False, True, True])


def test_offsets_worked_out_by_hand() -> None:
    default, box = tf.constant([10.0, 20.0, 30.0, 60.0]), tf.constant([14.0, 20.0, 34.0, 100.0])
    # centres (20, 40) and (24, 60), sides (20, 40) and (20, 80)
    expected = [4 / 20 / 0.1, 20 / 40 / 0.1, 0, np.log(2) / 0.2]
    np.testing.assert_allclose(boxes.encode(box, default), expected, rtol=1e-6)
    np.testing.assert_allclose(boxes.encode(box, default, (1.0, 1.0)), [0.2, 0.5, 0, np.log(2)], rtol=1e-6)


def test_decoding_reverses_encoding() -> None:
    random = np.random.default_rng(0)
    corners, sides = random.random((2, 50, 2), np.float32), 0.01 + random.random((2, 50, 2), np.float32)
    truths, defaults = np.concatenate([corners, corners + sides], axis=-1)
    for variances in ((0.1, 0.2), (1.0, 1.0)):
        offsets = boxes.encode(truths, tf.constant(defaults), variances)
        np.testing.assert_allclose(boxes.decode(offsets, defaults, variances), truths, atol=1e-5)


def test_decoding_stays_finite() -> None:
    found = boxes.decode(tf.constant([[0.0, 0.0, 1e6, -1e6]]), tf.constant([[0.0, 0.0, 1.0, 1.0]]))
    assert np.isfinite(found).all()


def test_boxes_on_a_grid_go_by_row_then_column_then_shape() -> None:
    found = boxes.grid_boxes(2, np.array([[0.5, 0.5], [0.2, 0.4]], np.float32))
    expected = [
        [0, 0, 0.5, 0.5], [0.15, 0.05, 0.35, 0.45], [0.5, 0, 1, 0.5], [0.65, 0.05, 0.85, 0.45],
        [0, 0.5, 0.5, 1], [0.15, 0.55, 0.35, 0.95], [0.5, 0.5, 1, 1], [0.65, 0.55, 0.85, 0.95],
    ]  # fmt: skip
    np.testing.assert_allclose(found, expected, atol=1e-6)
