"""Boxes stay glued to what they mark, whatever is done to the image."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.nn.augment import moved_images
from pipelines.nn.augment_boxes import box_augmentation, moved
from pipelines.nn.boxes import IGNORED, PADDING
from pipelines.nn.moves import Moves, affine
from pipelines.nn.windows import within

SIDE = 64
STILL = {"moves": Moves(), "zoom_out": 1.0, "crop": 1.0, "contrast": 0.0, "mosaic": 0.0, "fill": 0.0}
MIRROR = Moves(flip="horizontal")
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
        {"moves": MIRROR},
        {"zoom_out": 3.0},
        {"crop": 0.3},
        {"moves": Moves(quarter_turns=True)},
        {"moves": Moves(shift=0.3, zoom=0.3)},
        {"moves": Moves("both", True, shift=0.1, zoom=0.2), "zoom_out": 2.0, "crop": 0.3},
    ],
)
def test_a_box_still_encloses_what_it_marked(asked: dict[str, Any]) -> None:
    images, truths = marked(some_boxes(64))
    augment = box_augmentation(3, **{**STILL, **asked})
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
    assert seen > 48


def test_everything_changes_by_position_and_is_the_same_again_from_the_same_seed_and_step() -> None:
    images, truths = marked(np.tile(some_boxes(1), (16, 1)))
    asked = {**STILL, "moves": Moves("horizontal", rotate=0.1), "zoom_out": 3.0, "crop": 0.3, "mosaic": 0.5}
    step = tf.constant(7, tf.int64)
    first, second = (box_augmentation(1, **asked)(images, truths, step) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(np.unique(first[0], axis=0)) > 8
    assert not np.array_equal(first[1], box_augmentation(1, **asked)(images, truths, step + 1)[1])
    assert not np.array_equal(first[1], box_augmentation(2, **asked)(images, truths, step)[1])


def test_flipping_twice_gives_the_image_again() -> None:
    images, truths = marked(some_boxes(32))
    flip = box_augmentation(0, **{**STILL, "moves": MIRROR})
    step = tf.constant(0, tf.int64)
    once = flip(images, truths, step)
    twice = flip(*once, step)
    np.testing.assert_allclose(twice[0], images, atol=1e-5)
    np.testing.assert_allclose(twice[1], truths, atol=1e-6)
    turned = ~np.isclose(once[0], images, atol=1e-5).all(axis=(1, 2, 3))
    assert 6 < turned.sum() < 26
    np.testing.assert_allclose(once[0].numpy()[turned], images.numpy()[turned][:, :, ::-1], atol=1e-5)


def test_a_window_within_which_nothing_moves_shows_its_pixels() -> None:
    images = tf.constant(np.random.default_rng(0).random((1, 8, 8, 3), np.float32))
    still = affine(*(tf.constant([each], tf.float32) for each in (0, 0, 0, 1, 1)), 8)
    whole = moved_images(images, within(still, tf.constant([[0.0, 0.0, 1.0, 1.0]]), 8), "BILINEAR", "CONSTANT")
    np.testing.assert_allclose(whole, images, atol=1e-6)
    rows = within(still, tf.constant([[-0.5, -0.5, 1.5, 1.5]]), 8)
    canvas = moved_images(images, rows, "BILINEAR", "CONSTANT", 9.0).numpy()[0]
    assert (canvas[:2] == 9).all()
    assert (canvas[:, 6:] == 9).all()
    expected = images.numpy()[0].reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))  # each new pixel lies between four old ones
    np.testing.assert_allclose(canvas[2:6, 2:6], expected, atol=1e-6)


def test_objects_leave_with_their_centre_and_ignored_regions_with_their_last_pixel() -> None:
    truths = [
        [0.4, 0.4, 0.8, 0.8, 1], [0.1, 0.1, 0.7, 0.7, 0], [0.1, 0.1, 0.6, 0.6, IGNORED], [0.0, 0.0, 0.4, 1.0, IGNORED]
    ]  # fmt: skip
    still = affine(*(tf.constant([each], tf.float32) for each in (0, 0, 0, 1, 1)), SIDE)
    rows = within(still, tf.constant([[0.5, 0.5, 1.0, 1.0]]), SIDE)
    found = moved(tf.constant([truths], tf.float32), rows, SIDE)[0].numpy()
    np.testing.assert_array_equal(found[:, 4], [1, PADDING, IGNORED, PADDING])
    np.testing.assert_allclose(found[0, :4], [0, 0, 0.6, 0.6], atol=1e-6)
    np.testing.assert_allclose(found[2, :4], [0, 0, 0.2, 0.2], atol=1e-6)


@pytest.mark.parametrize("angle", [0.1, 0.5, -0.7, 2.0])
def test_the_box_of_a_turned_ellipse_is_exact_in_a_window_too(angle: float) -> None:
    """A disc that is stretched along x fills its box's ellipse, whatever is done to it."""
    line = np.arange(SIDE) + 0.5
    disc = ((line[None] - 30) / 12) ** 2 + ((line[:, None] - 36) / 6) ** 2 <= 1
    images = np.repeat(np.where(disc, 1.0, -1.0).astype(np.float32)[None, :, :, None], 3, axis=3) * RED
    truths = np.array([[[18 / SIDE, 30 / SIDE, 42 / SIDE, 42 / SIDE, 2]]], np.float32)
    rows = affine(*(tf.constant([each], tf.float32) for each in (angle, 2, -1, 0.9, -1)), SIDE)
    rows = within(rows, tf.constant([[0.05, 0.1, 0.9, 1.1]]), SIDE)
    image = moved_images(tf.constant(images), rows, "BILINEAR", "CONSTANT").numpy()[0]
    np.testing.assert_allclose(moved(tf.constant(truths), rows, SIDE)[0, 0, :4], painted(image), atol=1.6 / SIDE)


def test_contrast_leaves_the_truths_and_differs_by_image() -> None:
    images = tf.constant(np.tile(np.random.default_rng(0).random((1, 8, 8, 3), np.float32), (3, 1, 1, 1)))
    truths = tf.constant([[[0.2, 0.2, 0.7, 0.7, 1]]] * 3, tf.float32)
    found, kept = box_augmentation(0, **{**STILL, "contrast": 0.5})(images, truths, tf.constant(1, tf.int64))
    np.testing.assert_array_equal(kept, truths)
    np.testing.assert_allclose(np.mean(found, axis=(1, 2)), np.mean(images, axis=(1, 2)), atol=1e-5)
    assert len(np.unique(np.std(found, axis=(1, 2, 3)).round(4))) == 3


def test_nothing_asked_is_no_augmentation() -> None:
    assert box_augmentation(0, **STILL) is None
