"""Likeness of images by hand and by a second implementation."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines.metrics.images import MOST_DB, decisions, figures, likeness, told, trials
from tatara.core.kinds.image import colourfulness


def noise(seed: int, height: int = 40, width: int = 33) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_a_constant_error_by_hand() -> None:
    dark, light = (np.full((16, 16, 3), level, np.uint8) for level in (100, 110))
    found = likeness(light, dark)
    assert found["psnr"] == pytest.approx(20 * np.log10(255 / 10))
    assert found["absolute_error"] == pytest.approx(10 / 255)
    lightness = [116 * np.cbrt(((level / 255 + 0.055) / 1.055) ** 2.4) - 16 for level in (100, 110)]
    assert found["colour_difference"] == pytest.approx(lightness[1] - lightness[0], abs=0.01)
    c1 = (0.01 * 255) ** 2
    assert found["ssim"] == pytest.approx((2 * 100 * 110 + c1) / (100**2 + 110**2 + c1))


def test_equal_images_are_as_like_as_can_be() -> None:
    assert likeness(noise(0), noise(0)) == {"ssim": 1.0, "psnr": MOST_DB, "absolute_error": 0, "colour_difference": 0}


def test_ssim_and_psnr_are_tensorflows() -> None:
    one, other = noise(0), (noise(0) // 2 + noise(1) // 2).astype(np.uint8)
    found = likeness(one, other)
    inner = [tf.constant(each[None]) for each in (one, other)]
    assert found["psnr"] == pytest.approx(float(tf.image.psnr(*inner, 255)[0]), rel=1e-5)
    assert found["ssim"] == pytest.approx(float(tf.image.ssim(*inner, 255)[0]), abs=0.01)  # without the border


def test_images_smaller_than_the_window_are_mirrored() -> None:
    assert likeness(noise(0, 9, 8), noise(0, 9, 8))["ssim"] == 1.0
    assert likeness(noise(0, 9, 8), noise(1, 9, 8))["ssim"] < 0.5


def test_colourfulness_by_hand() -> None:
    assert colourfulness(np.full((5, 5, 3), 77, np.uint8)) == 0
    halves = np.zeros((4, 8, 3), np.uint8)
    halves[:, :4, 0] = 200  # red-green is 200 and 0, yellow-blue 100 and 0
    assert colourfulness(halves) == pytest.approx(np.hypot(100, 50) + 0.3 * np.hypot(100, 50))
    tall = np.tile(halves, (200, 1, 1))  # more rows than a band has
    assert colourfulness(tall) == pytest.approx(colourfulness(halves))


def test_an_answer_is_held_against_the_image_itself() -> None:
    truth, image = noise(0), noise(0) // 2
    rows = [told(image, truth, truth), told(image, image, truth)]
    found = figures(rows, seed=0)
    assert rows[0]["input_psnr"] == rows[1]["psnr"]
    assert found["psnr_gain"].value == pytest.approx((MOST_DB - rows[1]["psnr"]) / 2)
    assert found["truth_colourfulness"].value == pytest.approx(colourfulness(truth))
    same = figures([told(truth, truth, truth)] * 10, seed=0)
    assert same["ssim"].value == 1
    assert same["ssim"].low < 0.8


def test_images_hold_windows_and_a_handful_of_images_no_more_than_themselves() -> None:
    assert decisions(22, 35) == 2 * 3
    assert decisions(5, 40) == 3
    assert trials([(22, 35)] * 9) == 9
    assert trials([(22, 35)] * 10) == 60
