"""Augmentation of sounds: a pure function of seed, step and position, and each change by itself."""

import numpy as np
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from pipelines.nn.augment_sound import sound_augmentation

SOUNDS = tf.constant(np.tile(np.arange(1, 101, dtype=np.float32)[None, :, None], (64, 1, 1)))


def changed(step: int = 3, seed: int = 0, **strength: float) -> np.ndarray:
    augment = sound_augmentation(seed, **{"shift": 0.0, "gain": 0.0, "noise": 0.0, **strength})
    assert augment is not None
    found, targets = augment(SOUNDS, tf.range(64), tf.constant(step, tf.int64))
    assert_array_equal(targets, np.arange(64))
    return np.asarray(found)[..., 0]


def test_nothing_asked_is_nothing_done() -> None:
    assert sound_augmentation(0, 0.0, 0.0, 0.0) is None


def test_a_shift_moves_and_leaves_silence() -> None:
    found = changed(shift=0.2)
    firsts = np.array([np.flatnonzero(row)[0] for row in found])
    for row in found:
        there = np.flatnonzero(row)
        assert (np.diff(row[there]) == 1).all()  # in its order, without a gap
        assert len(there) >= 80
    assert firsts.max() > 5
    assert min(row[0] for row in found[firsts == 0]) == 1 or len({row[0] for row in found}) > 5
    assert max(row[0] for row in found) > 5  # earlier, too


def test_gain_is_in_decibels() -> None:
    factors = changed(gain=6.0)[:, 0]
    assert_allclose(changed(gain=6.0), factors[:, None] * np.arange(1, 101), rtol=1e-5)
    assert 10 ** (-6 / 20) <= factors.min() < 0.7
    assert 1.5 < factors.max() <= 10 ** (6 / 20)


def test_noise_has_up_to_the_deviation() -> None:
    hiss = changed(noise=0.5) - np.arange(1, 101)
    deviations = hiss.std(axis=1)
    assert deviations.max() < 0.65
    assert deviations.min() < 0.1
    assert abs(hiss.mean()) < 0.02


def test_the_same_step_is_the_same_and_another_is_not() -> None:
    strength = {"shift": 0.2, "gain": 6.0, "noise": 0.1}
    assert_array_equal(changed(**strength), changed(**strength))
    assert not np.allclose(changed(**strength), changed(step=4, **strength))
    assert not np.allclose(changed(**strength), changed(seed=1, **strength))
