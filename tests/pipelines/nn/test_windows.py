"""The windows of SSD's crops."""

import numpy as np
import tensorflow as tf

from pipelines.nn.boxes import PADDING, iou
from pipelines.nn.windows import crops, inside


def test_crops_hold_an_object_and_overlap_as_drawn() -> None:
    truths = tf.constant(np.tile([[[0.3, 0.3, 0.7, 0.7, 0], [0, 0, 0, 0, PADDING]]], (500, 1, 1)), tf.float32)
    windows = crops(tf.constant([0, 0], tf.int64), truths, 0.3)
    sides = (windows[:, 2:] - windows[:, :2]).numpy()
    assert (windows.numpy() >= 0).all()
    assert (windows.numpy() <= 1 + 1e-6).all()
    ratio = sides[:, 0] / sides[:, 1]
    assert ratio.min() > 0.49
    assert ratio.max() < 2.05
    whole = (sides == 1).all(axis=1)
    assert bool(tf.reduce_all(inside(truths[:, 0, :4], windows)))
    assert 1 / 7 < whole.mean() < 0.5  # not asked for, or nothing found that overlaps by 0.9
    overlaps = np.asarray(iou(windows[:, None], truths[:, :1, :4]))[:, 0, 0]
    assert 0.01 < (overlaps[~whole] >= 0.7).mean() < 0.3  # most crops are larger or lie elsewhere
    empty = crops(tf.constant([0, 0], tf.int64), tf.fill([100, 1, 5], float(PADDING)), 0.3)
    assert (np.asarray(empty[:, 2] - empty[:, 0]) < 1).mean() > 0.6
