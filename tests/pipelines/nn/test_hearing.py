"""Mu-law codes, log-mel spectrograms and a prepared sound, against their formulas."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from pipelines.nn.hearing import QUIETEST, LogMel, MuLaw, mel_filters
from pipelines.nn.prepare import audio_prepare
from tatara.core.contract import AudioPreparation


def test_mu_law_by_hand() -> None:
    # f(x) = sign(x) ln(1 + 255 |x|) / ln 256: f(1/255) = 1/8, and a step is 1/128
    given = np.array([-2.0, -1.0, -1 / 255, 0.0, 1.01 / 255, 15 / 255, 0.5, 1.0])
    codes = np.asarray(MuLaw()(given.reshape(1, -1, 1).astype(np.float32)))
    assert codes.dtype == np.int32
    half = int((np.log(1 + 127.5) / np.log(256) + 1) * 128)
    assert codes[0].tolist() == [0, 0, 112, 128, 144, 192, half, 255]


def test_a_log_mel_spectrogram_is_that_of_numpys_transform() -> None:
    generator = np.random.default_rng(0)
    sound = generator.normal(0, 0.1, (2, 800, 1)).astype(np.float32)
    found = np.asarray(LogMel(8000, 128, 64, 20)(sound))
    starts = np.arange(0, 800 - 128 + 1, 64)
    frames = sound[:, starts[:, None] + np.arange(128), 0] * np.hanning(129)[:-1]
    power = np.square(np.abs(np.fft.rfft(frames)) * 2 / 128)
    expected = np.log(power @ mel_filters(8000, 128, 20) + QUIETEST) / 6 + 1
    assert found.shape == (2, len(starts), 20)
    assert_allclose(found, expected, atol=1e-4)


def test_a_louder_tone_moves_its_own_band() -> None:
    time = np.arange(1024) / 8000
    found = np.stack([np.asarray(LogMel(8000, 256, 128, 40)(np.sin(2 * np.pi * f * time)[None, :, None])).mean(1)[0]
                      for f in (300, 1000, 3000)])  # fmt: skip
    centres = 700 * (10 ** (np.linspace(*(2595 * np.log10(1 + np.array([20, 4000]) / 700)), 42)[1:-1] / 2595) - 1)
    assert_allclose(centres[found.argmax(1)], (300, 1000, 3000), rtol=0.12)


@pytest.mark.parametrize(("rate", "window", "bands"), [(8000, 256, 40), (4000, 64, 40), (48000, 512, 128)])
def test_every_mel_band_hears_something(rate: int, window: int, bands: int) -> None:
    filters = mel_filters(rate, window, bands)
    assert filters.shape == (window // 2 + 1, bands)
    assert (filters.sum(axis=0) > 0).all()
    assert filters.max() <= 1


def test_half_precision_leaves_the_first_layers_alone() -> None:
    from pipelines.nn.hearing import exact_policy

    keras.config.set_dtype_policy("mixed_bfloat16")
    assert exact_policy() == "float32"
    keras.config.set_dtype_policy("float64")
    assert exact_policy() == "float64"
    keras.config.set_dtype_policy("float32")


def prepared(samples: list[float], **preparation: object) -> np.ndarray:
    prepare = audio_prepare(AudioPreparation.model_validate({"rate": 8000, "length": 16, **preparation}))
    return np.asarray(prepare(tf.constant(np.array(samples, np.float32)[:, None])))[:, 0]


def test_a_prepared_sound_is_cut_at_both_ends_or_followed_by_silence() -> None:
    assert_array_equal(prepared([*range(1, 20)]), np.arange(2, 18))
    assert_array_equal(prepared([1.0, 2.0]), [1, 2] + [0] * 14)


def test_peak_makes_sounds_equally_loud_but_not_noise() -> None:
    assert_allclose(prepared([0.1, -0.25], level="peak")[:2], [0.4, -1.0], atol=1e-6)
    assert_allclose(prepared([1e-4], level="peak")[:1], [0.1], atol=1e-6)
    assert_array_equal(prepared([0.0], level="peak"), np.zeros(16))
