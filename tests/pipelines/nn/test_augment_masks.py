"""Images and their masks move together, and what moves them depends on nothing but seed, step and position."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.nn.augment_masks import (
    affine_places,
    elastic_displacements,
    mask_augmentation,
    sample_images,
    sample_masks,
)
from pipelines.nn.moves import Moves, affine

STEP = tf.constant(3, tf.int64)
NOTHING: dict[str, Any] = {"moves": Moves(), "contrast": 0.0, "elastic": 0.0}
ALL = Moves("both", quarter_turns=True, rotate=0.5, shift=0.2, zoom=0.3)
MOVEMENTS: dict[str, dict[str, Any]] = {
    **{name: {"moves": Moves(**{name: getattr(ALL, name)})} for name in ("flip", "rotate", "shift", "zoom")},
    "quarter_turns": {"moves": Moves(quarter_turns=True)},
    "elastic": {"elastic": 0.04},
    "all": {"moves": ALL, "elastic": 0.04},
}


def shapes(batch: int = 4, side: int = 32) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Masks of two shapes on a background, and images in which each class has a channel of its own."""
    masks = np.zeros((batch, side, side), np.uint8)
    masks[:, 4:20, 6:14] = 1
    masks[:, 16:30, 18:28] = 2
    return np.eye(3, dtype=np.float32)[masks], masks


@pytest.mark.parametrize("what", MOVEMENTS.values(), ids=MOVEMENTS)
def test_a_coloured_shape_and_its_mask_stay_together(what: dict[str, Any]) -> None:
    images, masks = shapes()
    augment = mask_augmentation(0, **{**NOTHING, **what})
    for step in range(5):
        moved, labels = (np.asarray(each) for each in augment(images, masks, tf.constant(step, tf.int64)))
        assert labels.dtype == np.uint8
        clear = moved.max(axis=-1) > 0.75  # the nearest pixel has a quarter of a colour at least
        assert clear.mean() > 0.7
        np.testing.assert_array_equal(moved.argmax(axis=-1)[clear], labels[clear])
    assert not np.array_equal(labels, masks)


@pytest.mark.parametrize("what", MOVEMENTS)
def test_each_movement_differs_by_position_step_and_seed_and_is_the_same_again(what: str) -> None:
    images, masks = shapes(batch=8)
    given = {**NOTHING, **MOVEMENTS[what]}
    augment = mask_augmentation(4, **given)
    found = augment(images, masks, STEP)
    for again, first in zip(augment(images, masks, STEP), found, strict=True):
        np.testing.assert_array_equal(again, first)
    assert any(not np.array_equal(found[1][0], other) for other in found[1][1:])
    assert not np.array_equal(augment(images, masks, STEP + 1)[1], found[1])
    assert not np.array_equal(mask_augmentation(9, **given)(images, masks, STEP)[1], found[1])


def test_a_graph_of_any_batch_does_what_the_function_does() -> None:
    images, masks = shapes()
    augment = mask_augmentation(0, **{**NOTHING, **MOVEMENTS["all"], "contrast": 0.3})
    numbers = tf.data.Dataset.from_tensors(np.arange(4))
    data = numbers.map(lambda chosen: augment(tf.gather(images, chosen), tf.gather(masks, chosen), STEP))
    for found, expected in zip(next(iter(data)), augment(images, masks, STEP), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_flip_mirrors_some_of_both_and_leaves_the_others() -> None:
    images, masks = shapes()
    augment = mask_augmentation(0, **{**NOTHING, "moves": Moves("horizontal")})
    found = np.concatenate([augment(images, masks, tf.constant(step, tf.int64))[1] for step in range(8)])
    mirrored = (found == masks[0][:, ::-1]).all(axis=(1, 2))
    same = (found == masks[0]).all(axis=(1, 2))
    assert (mirrored ^ same).all()
    assert 4 < mirrored.sum() < 28


def test_contrast_leaves_the_masks_and_the_mean() -> None:
    images, masks = shapes()
    found, labels = mask_augmentation(0, **{**NOTHING, "contrast": 0.5})(images, masks, STEP)
    assert labels is masks
    np.testing.assert_allclose(np.mean(found, axis=(1, 2)), images.mean(axis=(1, 2)), atol=1e-5)
    assert not np.allclose(found, images)


def test_nothing_asked_is_no_augmentation() -> None:
    assert mask_augmentation(0, **NOTHING) is None


def test_sampling_lies_between_pixels_and_mirrors_at_the_border() -> None:
    image = tf.constant([[[[0.0], [10.0]], [[20.0], [40.0]]]])
    places = tf.constant([[[[0.5, 0.0], [0.25, 0.5]], [[-1.0, 0.0], [1.0, 2.4]]]])
    np.testing.assert_allclose(sample_images(image, places)[0, :, :, 0], [[5, 13.75], [0, 28]], rtol=1e-6)
    masks = tf.constant([[[0, 10], [20, 255]]], tf.uint8)
    np.testing.assert_array_equal(sample_masks(masks, places + 0.1)[0], [[10, 20], [0, 255]])


def test_places_are_where_affine_says() -> None:
    rows = affine(*(tf.constant([value], tf.float32) for value in (np.pi / 2, 0, 0, 1, 1)), 3)
    expected = [[[2, 0], [2, 1], [2, 2]], [[1, 0], [1, 1], [1, 2]], [[0, 0], [0, 1], [0, 2]]]
    np.testing.assert_allclose(affine_places(rows, 3)[0], expected, atol=1e-5)


def test_elastic_displacements_are_smooth_and_as_large_as_asked() -> None:
    found = np.asarray(elastic_displacements(tf.constant([0, 1], tf.int64), tf.constant(200), 64, 5.0))
    assert found.shape == (200, 64, 64, 2)
    assert abs(found.mean()) < 0.5
    corners = found[:, [10, 10, 53, 53, 32], [10, 53, 10, 53, 32]]  # near the points of the coarse grid
    assert 4 < corners.std() < 6
    assert np.abs(np.diff(found, axis=1)).max() < 2
    assert not np.allclose(found[0], found[1])
