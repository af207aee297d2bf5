"""Augmentation does what it says, and depends on nothing but seed, step and position."""

import math

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.nn.augment import image_augmentation
from pipelines.nn.moves import DRAWS, Moves, affine, drawn

IMAGES = np.random.default_rng(0).random((4, 9, 9, 3), np.float32)
STEP = tf.constant(3, tf.int64)


def moved(
    angle: float = 0, across: float = 0, down: float = 0, scale: float = 1, sign: float = 1
) -> NDArray[np.float32]:
    rows = affine(*(tf.constant([value], tf.float32) for value in (angle, across, down, scale, sign)), 9)
    return np.asarray(
        tf.raw_ops.ImageProjectiveTransformV3(
            images=IMAGES[:1], transforms=rows, output_shape=[9, 9], fill_value=0.0, interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )[0]
    )  # fmt: skip


def test_affine_moves_about_the_centre() -> None:
    image = IMAGES[0]
    np.testing.assert_allclose(moved(), image, atol=1e-6)
    np.testing.assert_allclose(moved(sign=-1), image[:, ::-1], atol=1e-6)
    np.testing.assert_allclose(moved(angle=math.pi / 2), np.rot90(image), atol=1e-5)
    np.testing.assert_allclose(moved(across=2)[:, :7], image[:, 2:], atol=1e-6)
    np.testing.assert_allclose(moved(down=-3)[3:], image[:6], atol=1e-6)
    np.testing.assert_allclose(moved(scale=0.5)[::2, ::2], image[2:7, 2:7], atol=1e-6)


def test_nothing_asked_is_no_augmentation() -> None:
    assert image_augmentation(0, Moves(), 0.0) is None


def test_flip_mirrors_some_and_leaves_the_others() -> None:
    augment = image_augmentation(0, Moves("horizontal"), 0.0)
    found = np.concatenate([augment(IMAGES, None, tf.constant(step, tf.int64))[0] for step in range(8)])
    originals = np.concatenate([IMAGES] * 8)
    mirrored = np.isclose(found, originals[:, :, ::-1], atol=1e-6).all(axis=(1, 2, 3))
    same = np.isclose(found, originals, atol=1e-6).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert 4 < mirrored.sum() < 28


@pytest.mark.parametrize(
    ("moves", "variants"), [(Moves("both"), 4), (Moves(quarter_turns=True), 4), (Moves("both", quarter_turns=True), 8)]
)
def test_up_and_down_and_quarter_turns_lose_nothing(moves: Moves, variants: int) -> None:
    augment, same = image_augmentation(0, moves, 0.0), tf.constant(np.stack([IMAGES[0]] * 64))
    found = np.asarray(augment(same, None, STEP)[0]).round(4)
    assert len({one.tobytes() for one in found}) == variants
    for one in found:
        np.testing.assert_allclose(np.sort(one, axis=None), np.sort(IMAGES[0], axis=None), atol=1e-3)


def test_what_came_later_leaves_the_draws_of_a_seed() -> None:
    """Trainings of one command give the same scores again; expected values from before the later draws."""
    key = tf.constant([3, 5], tf.int64)
    draws, strength = drawn(key, tf.constant(2))
    before = tf.random.stateless_uniform([2, 6], key, -1.0, 1.0)
    np.testing.assert_array_equal(draws[:, :5], before[:, :5])
    np.testing.assert_array_equal(strength, before[:, 5])
    assert len(np.unique(draws)) == 2 * DRAWS


def test_contrast_keeps_the_mean_and_scales_the_rest() -> None:
    found = np.asarray(image_augmentation(0, Moves(), 0.5)(tf.constant(IMAGES), None, STEP)[0])
    mean = IMAGES.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found.mean(axis=(1, 2), keepdims=True), mean, atol=1e-5)
    factors = (found - mean) / (IMAGES - mean)
    assert factors.std(axis=(1, 2, 3)).max() < 1e-2
    assert ((factors.mean(axis=(1, 2, 3)) >= 0.5) & (factors.mean(axis=(1, 2, 3)) <= 1.5)).all()


@pytest.mark.parametrize("what", ["rotate", "shift", "zoom"])
def test_each_movement_changes_images_differently_by_position_and_the_same_again(what: str) -> None:
    augment = image_augmentation(7, Moves(**{what: 0.2}), 0.0)
    same, labels = tf.constant(np.stack([IMAGES[0]] * 4)), tf.constant([3, 1, 4, 1])
    found, kept = augment(same, labels, STEP)
    assert all(not np.allclose(found[0], other) for other in (*found[1:], IMAGES[0]))
    np.testing.assert_array_equal(kept, labels)
    np.testing.assert_array_equal(augment(same, labels, STEP)[0], found)
    assert not np.allclose(augment(same, labels, STEP + 1)[0], found)
    assert not np.allclose(image_augmentation(8, Moves(**{what: 0.2}), 0.0)(same, labels, STEP)[0], found)
