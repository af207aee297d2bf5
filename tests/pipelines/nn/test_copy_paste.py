"""Objects of one image laid on another: what is seen where, and what stays of what lay there."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.nn.boxes import IGNORED, PADDING
from pipelines.nn.copy_paste import copy_paste

KEY = tf.constant([0, 0], tf.int64)


def _scenes() -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """Two images, brightness 10 and 20. The first shows object 1, the second an object 1 that hides three quarters of
    the first's, a crowd 2 and an object 3 beside it."""
    images = np.stack([np.full((8, 8, 3), value, np.float32) for value in (10, 20)])
    ids = np.zeros((2, 8, 8), np.int32)
    ids[0, :2, :2] = 1
    ids[1, :2, 0], ids[1, 0, 1], ids[1, 4:6, 4:6], ids[1, 7, 7] = 1, 1, 2, 3
    return images, ids, np.array([[5, PADDING, PADDING], [3, IGNORED, 7]], np.int32)


def _found(part: float, draws: int) -> list[tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]]:
    """The first image and its map and labels, after each of some draws."""
    given = tuple(tf.constant(each) for each in _scenes())
    found = [copy_paste(*given, part, KEY + tf.constant([0, draw], tf.int64)) for draw in range(draws)]
    return [tuple(each[0].numpy() for each in one) for one in found]  # type: ignore[misc]


def test_each_object_is_laid_for_half_of_the_images_with_its_pixels_number_and_label() -> None:
    seen = set()
    for image, ids, labels in _found(1.0, 60):
        laid = labels[3:]
        seen.add(tuple(laid.tolist()))
        assert laid[1] == PADDING  # a crowd
        np.testing.assert_array_equal(ids == 4, (_scenes()[1][1] == 1) & (laid[0] == 3))
        np.testing.assert_array_equal(ids == 6, (_scenes()[1][1] == 3) & (laid[2] == 7))
        np.testing.assert_array_equal(image[..., 0], np.where(ids > 3, 20, 10))
    assert seen == {(one, PADDING, other) for one in (PADDING, 3) for other in (PADDING, 7)}


def test_an_object_that_is_covered_by_more_than_half_is_neither_learned_nor_background() -> None:
    for _, ids, labels in _found(1.0, 20):
        covered = labels[3] == 3
        assert labels[0] == (IGNORED if covered else 5)
        assert (ids == 1).sum() == (1 if covered else 4)
        assert (labels[1:3] == PADDING).all()


def test_part_is_the_share_of_images() -> None:
    untouched = [(labels[3:] == PADDING).all() for _, _, labels in _found(0.5, 200)]
    assert 0.5 < np.mean(untouched) < 0.75  # one half, and of the others a quarter, of which no object was drawn
    assert all((labels[3:] == PADDING).all() for _, _, labels in _found(0.0, 20))
