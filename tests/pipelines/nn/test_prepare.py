"""Where the pixels of an image come to lie when it is prepared."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines.nn.prepare import image_prepare, steps
from tatara.core.contract import ImagePreparation


def _prepared(pixels: np.ndarray, **preparation: object) -> np.ndarray:
    return np.asarray(image_prepare(ImagePreparation.model_validate(preparation))(tf.constant(pixels)))


def _spot(height: int, width: int, y: int, x: int) -> np.ndarray:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y : y + 8, x : x + 8] = 255
    return pixels


def test_padding_fills_the_lower_right_with_zeros_after_scaling() -> None:
    found = _prepared(np.full((10, 20, 3), 255, np.uint8), size=40, resize="pad", scaling="signed")
    np.testing.assert_allclose(found[:20], 1, atol=1e-6)
    np.testing.assert_array_equal(found[20:], 0)
    tall = _prepared(np.full((20, 10, 3), 255, np.uint8), size=16, resize="pad", scaling="unit", mean=(0.5, 0.5, 0.5))
    np.testing.assert_allclose(tall[:, :8], 0.5, atol=1e-6)
    np.testing.assert_array_equal(tall[:, 8:], 0)


def test_padding_keeps_a_square_image_as_stretching_does() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (30, 30, 3), np.uint8)
    stretched, padded = (_prepared(pixels, size=20, resize=how) for how in ("stretch", "pad"))
    np.testing.assert_allclose(padded, stretched, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(321, 481), (20, 300), (500, 33), (7, 5)])
@pytest.mark.parametrize("size", [37, 64])
def test_stretching_is_bilinear_with_antialiasing(height: int, width: int, size: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    expected = tf.image.resize(tf.constant(pixels), (size, size), antialias=True)
    found = _prepared(pixels, size=size, resize="stretch", scaling="none")
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_cropping_shows_the_middle_as_the_whole_shows_it() -> None:
    pixels = np.random.default_rng(2).integers(0, 255, (48, 96, 3), np.uint8)
    whole = tf.image.resize(tf.constant(pixels), (24, 48), antialias=True)
    found = _prepared(pixels, size=24, resize="crop", scaling="none")
    np.testing.assert_allclose(found, whole[:, 12:36], atol=2e-3)


def test_channels_are_scaled_in_the_order_that_they_are_given() -> None:
    pixels = np.full((9, 9, 3), (10, 20, 30), np.uint8)
    given = {"size": 8, "scaling": "none", "mean": (1.0, 2.0, 3.0), "deviation": (1.0, 2.0, 4.0)}
    np.testing.assert_allclose(_prepared(pixels, **given)[0, 0], [9, 9, 6.75], atol=1e-5)
    np.testing.assert_allclose(_prepared(pixels, channels="bgr", **given)[0, 0], [29, 9, 1.75], atol=1e-5)


@pytest.mark.parametrize("resize", ["stretch", "pad"])
@pytest.mark.parametrize(("height", "width"), [(64, 128), (128, 64), (50, 50)])
def test_steps_lead_from_the_prepared_image_back_to_the_original(resize: str, height: int, width: int) -> None:
    preparation = ImagePreparation.model_validate({"size": 32, "resize": resize, "scaling": "unit"})
    y, x = 24, 16
    found = _prepared(_spot(height, width, y, x), **preparation.model_dump())[..., 0]
    down, across = steps(preparation, height, width)
    rows, columns = (np.average(np.arange(32) + 0.5, weights=found.sum(axis=axis)) for axis in (1, 0))
    assert (rows * down, columns * across) == pytest.approx((y + 4, x + 4), abs=0.02)
    as_tensors = steps(preparation, tf.constant(float(height)), tf.constant(float(width)))
    assert [float(one) for one in as_tensors] == pytest.approx([down, across])


@pytest.mark.parametrize(("height", "width"), [(5, 12), (12, 12), (1, 7), (40, 30)])
def test_unscaled_pixels_stay_and_are_filled_up_with_their_reflection(height: int, width: int) -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (height, width, 3), np.uint8)
    room = [(0, max(0, 12 - length)) for length in (height, width)]
    expected = np.pad(pixels, [*room, (0, 0)], mode="symmetric")[:12, :12]
    np.testing.assert_array_equal(_prepared(pixels, size=12, resize="none", scaling="none"), expected)


@pytest.mark.parametrize("resize", ["none", "stretch", "pad"])
def test_grey_is_the_luma_in_all_channels(resize: str) -> None:
    pixels = np.random.default_rng(4).integers(0, 255, (16, 16, 3), np.uint8)
    found = _prepared(pixels, size=16, resize=resize, scaling="unit", channels="grey")
    luma = pixels @ np.array([0.299, 0.587, 0.114]) / 255
    np.testing.assert_allclose(found, luma[..., None].repeat(3, axis=2), atol=1e-5)
