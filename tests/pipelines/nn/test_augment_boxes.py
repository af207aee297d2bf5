"""Boxes stay glued to what they mark, whatever is done to the image."""

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.nn.augment_boxes import box_augmentation, crops, inside, moved, sample
from pipelines.nn.boxes import IGNORED, PADDING, iou

SIDE = 64
RED = np.array([1.0, -1.0, -1.0], np.float32)


def marked(boxes: NDArray[np.float32]) -> tuple["tf.Tensor", "tf.Tensor"]:
    """Grey images (n, SIDE, SIDE, 3), each with one red rectangle, and their truths."""
    images = np.zeros((len(boxes), SIDE, SIDE, 3), np.float32)
    for image, box in zip(images, boxes, strict=True):
        left, top, right, bottom = np.rint(box * SIDE).astype(int)
        image[top:bottom, left:right] = RED
    padding = np.zeros((len(boxes), 1, 5), np.float32)
    padding[..., 4] = PADDING
    objects = np.concatenate([boxes, np.full((len(boxes), 1), 2, np.float32)], axis=1)[:, None]
    return tf.constant(images), tf.constant(np.concatenate([padding, objects], axis=1))


def some_boxes(count: int) -> NDArray[np.float32]:
    random = np.random.default_rng(1)
    corners = random.integers(0, SIDE - 16, (count, 2))
    ends = np.minimum(corners + random.integers(10, 40, (count, 2)), SIDE)
    return (np.concatenate([corners, ends], axis=1) / SIDE).astype(np.float32)


def painted(image: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """The box of what is more red than grey, in the unit square."""
    rows, columns = np.nonzero((image[..., 0] - image[..., 1]) > 1.0)
    if not len(rows):
        return None
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) / len(image)


@pytest.mark.parametrize(
    "asked",
    [
        {"flip": True, "zoom_out": 1.0, "crop": 1.0},
        {"flip": False, "zoom_out": 3.0, "crop": 1.0},
        {"flip": False, "zoom_out": 1.0, "crop": 0.3},
        {"flip": True, "zoom_out": 2.0, "crop": 0.3},
    ],
)
def test_a_box_still_encloses_what_it_marked(asked: dict[str, float]) -> None:
    images, truths = marked(some_boxes(64))
    augment = box_augmentation(3, fill=0.0, **asked)
    new_images, new_truths = augment(images, truths, tf.constant(5, tf.int64))
    assert new_images.shape == images.shape
    assert new_truths.shape == truths.shape
    seen = 0
    for image, truth in zip(new_images.numpy(), new_truths.numpy(), strict=True):
        assert truth[0, 4] == PADDING
        found = painted(image)
        if truth[1, 4] == PADDING:
            continue  # its centre is out of the picture
        assert truth[1, 4] == 2
        assert found is not None
        np.testing.assert_allclose(truth[1, :4], found, atol=1.6 / SIDE)
        seen += 1
    assert seen > 55


def test_everything_changes_by_position_and_is_the_same_again_from_the_same_seed_and_step() -> None:
    images, truths = marked(np.tile(some_boxes(1), (16, 1)))
    asked = {"flip": True, "zoom_out": 3.0, "crop": 0.3, "fill": 0.0}
    step = tf.constant(7, tf.int64)
    first, second = (box_augmentation(1, **asked)(images, truths, step) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(np.unique(first[1][:, 1], axis=0)) > 8
    assert not np.array_equal(first[1], box_augmentation(1, **asked)(images, truths, step + 1)[1])
    assert not np.array_equal(first[1], box_augmentation(2, **asked)(images, truths, step)[1])


def test_flipping_twice_gives_the_image_again() -> None:
    images, truths = marked(some_boxes(32))
    flip = box_augmentation(0, flip=True, zoom_out=1.0, crop=1.0, fill=0.0)
    step = tf.constant(0, tf.int64)
    once = flip(images, truths, step)
    twice = flip(*once, step)
    np.testing.assert_allclose(twice[0], images, atol=1e-5)
    np.testing.assert_allclose(twice[1], truths, atol=1e-6)
    turned = ~np.isclose(once[0], images, atol=1e-5).all(axis=(1, 2, 3))
    assert 6 < turned.sum() < 26
    np.testing.assert_allclose(once[0].numpy()[turned], images.numpy()[turned][:, :, ::-1], atol=1e-5)


def test_sampling_the_whole_window_gives_the_image_and_a_half_gives_its_pixels() -> None:
    images = tf.constant(np.random.default_rng(0).random((1, 8, 8, 3), np.float32))
    np.testing.assert_allclose(sample(images, tf.constant([[0.0, 0.0, 1.0, 1.0]]), 0.0), images, atol=1e-6)
    canvas = sample(images, tf.constant([[-0.5, -0.5, 1.5, 1.5]]), 9.0).numpy()[0]
    assert (canvas[:2] == 9).all()
    assert (canvas[:, 6:] == 9).all()
    expected = images.numpy()[0].reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))  # each new pixel lies between four old ones
    np.testing.assert_allclose(canvas[2:6, 2:6], expected, atol=1e-6)


def test_objects_leave_with_their_centre_and_ignored_regions_with_their_last_pixel() -> None:
    truths = [
        [0.4, 0.4, 0.8, 0.8, 1], [0.1, 0.1, 0.7, 0.7, 0], [0.1, 0.1, 0.6, 0.6, IGNORED], [0.0, 0.0, 0.4, 1.0, IGNORED]
    ]  # fmt: skip
    found = moved(tf.constant([truths], tf.float32), tf.constant([[0.5, 0.5, 1.0, 1.0]]))[0].numpy()
    np.testing.assert_array_equal(found[:, 4], [1, PADDING, IGNORED, PADDING])
    np.testing.assert_allclose(found[0, :4], [0, 0, 0.6, 0.6], atol=1e-6)
    np.testing.assert_allclose(found[2, :4], [0, 0, 0.2, 0.2], atol=1e-6)


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


def test_nothing_asked_is_no_augmentation() -> None:
    assert box_augmentation(0, flip=False, zoom_out=1.0, crop=1.0, fill=0.0) is None
