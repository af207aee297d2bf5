"""Four images in one: every pixel and every box comes from where it says."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.nn.boxes import IGNORED, PADDING
from pipelines.nn.mosaic import mosaic

SIDE, IMAGES = 32, 6


def _batch() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Images whose channels are their number, x and y, with two objects with one middle and a crowd."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    images = np.stack([np.stack([np.full_like(x, number), x, y], axis=-1) for number in range(IMAGES)])
    boxes = np.array([[8, 6, 19, 21, 0], [11, 12, 16, 15, 0], [0, 0, 0, 0, PADDING], [0, 20, 32, 32, IGNORED]])
    truths = np.repeat((boxes / [SIDE, SIDE, SIDE, SIDE, 1])[None], IMAGES, axis=0)
    truths[:, :2, 4] = np.arange(IMAGES)[:, None]  # an object's class is its image
    return images, truths.astype(np.float32)


def _joined(part: float, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    found = mosaic(*(tf.constant(each) for each in _batch()), part, tf.constant([0, step], tf.int64))
    return found[0].numpy(), found[1].numpy()


def test_four_images_meet_and_each_shows_a_window_of_itself_at_its_own_scale() -> None:
    for step in range(5):
        for number, image in enumerate(_joined(1.0, step)[0]):
            whose = image[..., 0].astype(int)
            assert [whose[0, 0], whose[0, -1], whose[-1, 0], whose[-1, -1]] == [(number + i) % IMAGES for i in range(4)]
            for each in np.unique(whose):
                rows, columns = np.nonzero(whose == each)
                shown = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
                assert (shown[..., 0] == each).all()  # a rectangle
                assert min(shown.shape[:2]) >= 6
                np.testing.assert_array_equal(np.diff(shown[..., 1], axis=1), 1)
                np.testing.assert_array_equal(np.diff(shown[..., 2], axis=0), 1)


def test_boxes_lie_around_the_pixels_that_they_lay_around() -> None:
    kept = 0
    for step in range(10):
        images, truths = _joined(1.0, step)
        for image, own in zip(images, truths, strict=True):
            objects = own[own[:, 4] >= 0]
            for left, top, right, bottom, label in objects * [SIDE, SIDE, SIDE, SIDE, 1]:
                part = image[round(top) : round(bottom), round(left) : round(right)]
                assert (part[..., 0] == label).all()
                edges = {(8, 19, 6, 21), (11, 16, 12, 15)}
                x, y = part[..., 1], part[..., 2]
                assert any(
                    (x >= e[0]).all() and (x < e[1]).all() and (y >= e[2]).all() and (y < e[3]).all() for e in edges
                )
                assert ((x == 13) & (y == 13)).any()
                kept += 1
            for number in np.unique(image[..., 0]):  # their middle pixel is seen, or they are not there
                seen = ((image[..., 0] == number) & (image[..., 1] == 13) & (image[..., 2] == 13)).any()
                assert (objects[:, 4] == number).sum() == 2 * seen
    assert kept > 60


def test_crowds_stay_with_every_part_that_is_seen() -> None:
    images, truths = _joined(1.0, 3)
    for image, own in zip(images, truths, strict=True):
        parts = {tuple(np.rint(box * SIDE).astype(int)) for box in own[own[:, 4] == IGNORED, :4]}
        crowd = np.zeros((SIDE, SIDE), bool)
        for left, top, right, bottom in parts:
            crowd[top:bottom, left:right] = True
        np.testing.assert_array_equal(crowd, image[..., 2] >= 20)


def test_part_of_the_images_is_joined_and_the_others_stay() -> None:
    images, truths = _batch()
    whole = 0
    for step in range(40):
        found, own = _joined(0.5, step)
        for number in range(IMAGES):
            if (found[number, ..., 0] == number).all():
                whole += 1
                np.testing.assert_array_equal(found[number], images[number])
                known = own[number][own[number][:, 4] != PADDING]
                np.testing.assert_allclose(known, truths[number][[0, 1, 3]], atol=1e-6)
    assert 90 < whole < 150


def test_images_without_objects_give_a_row_of_padding() -> None:
    images = tf.zeros((2, 8, 8, 3))
    _, truths = mosaic(images, tf.fill((2, 3, 5), float(PADDING)), 1.0, tf.constant([0, 0], tf.int64))
    assert truths.shape == (2, 1, 5)
    assert (truths.numpy()[..., 4] == PADDING).all()
