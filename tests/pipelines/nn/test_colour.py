"""Colours change as they should, and a prepared image becomes a picture again."""

import colorsys

import numpy as np
import pytest
import tensorflow as tf

from pipelines.nn.colour import colour_augmentation, grey, pictured, unpictured
from pipelines.nn.prepare import image_prepare
from tatara.core.contract import ImagePreparation

CAFFE = ImagePreparation(size=8, resize="stretch", channels="bgr", scaling="none", mean=(103.9, 116.8, 123.7))
SIGNED = ImagePreparation(size=8, resize="stretch", scaling="signed")
TORCH = ImagePreparation(
    size=8, resize="stretch", scaling="standard", mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225)
)
IMAGE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
STEP = tf.constant(3, tf.int64)


@pytest.mark.parametrize("preparation", [CAFFE, SIGNED, TORCH])
def test_a_prepared_image_is_a_picture_again(preparation: ImagePreparation) -> None:
    prepared = image_prepare(preparation)(IMAGE)
    np.testing.assert_allclose(pictured(prepared, preparation), IMAGE / 255, atol=1e-5)
    np.testing.assert_allclose(unpictured(pictured(prepared, preparation), preparation), prepared, atol=1e-4)


def test_medium_grey_is_zero_where_pixels_are_signed() -> None:
    assert grey(SIGNED) == 0
    assert grey(CAFFE) == pytest.approx(127.5 - (103.9 + 116.8 + 123.7) / 3, abs=1e-4)


def test_a_strength_of_zero_is_no_augmentation() -> None:
    assert colour_augmentation(0, 0.0, SIGNED) is None


@pytest.mark.parametrize("preparation", [CAFFE, SIGNED])
def test_images_change_differently_and_the_same_again(preparation: ImagePreparation) -> None:
    images = tf.stack([image_prepare(preparation)(IMAGE)] * 32)
    augment = colour_augmentation(0, 1.0, preparation)
    found = augment(images, STEP).numpy()
    np.testing.assert_array_equal(augment(images, STEP), found)
    assert len(np.unique(found.mean(axis=(1, 2, 3)).round(5))) > 20
    assert not np.allclose(augment(images, STEP + 1), found)
    seen = pictured(found, preparation)
    assert seen.min() > -1e-5
    assert seen.max() < 1 + 1e-5


def test_hue_and_light_move_no_further_than_they_may() -> None:
    orange = tf.fill([256, 8, 8, 3], 1.0) * tf.constant([0.6, 0.0, -0.4])  # signed: 0.8, 0.5, 0.3
    found = pictured(colour_augmentation(1, 1.0, SIGNED)(orange, STEP), SIGNED).numpy()[:, 0, 0]
    hues = np.array([colorsys.rgb_to_hsv(*pixel)[0] for pixel in found])
    assert np.ptp(hues) > 0.05
    assert np.abs(hues - colorsys.rgb_to_hsv(0.8, 0.5, 0.3)[0]).max() < 0.09  # a twentieth, and what clipping adds
    unchanged = np.isclose(found, [0.8, 0.5, 0.3], atol=1e-5).all(axis=1).mean()
    assert 0.02 < unchanged < 0.12  # a sixteenth
