"""What small corruptions do to a sound: by measure, and the same every time."""

import numpy as np
import pytest

from pipelines.evidence.corruptions import BY_MODALITY, corrupt

TIME = np.arange(8000) / 8000
SOUND = (0.4 * np.sin(2 * np.pi * 500 * TIME) + 0.2 * np.sin(2 * np.pi * 3500 * TIME)).astype(np.float32)[:, None]


def level(samples: np.ndarray, hertz: int) -> float:
    """Amplitude of a tone that fits the second exactly."""
    return float(2 * np.abs(np.fft.rfft(samples[:, 0]))[hertz] / len(samples))


def test_the_names_of_both_modalities_differ() -> None:
    assert not BY_MODALITY["image"].keys() & BY_MODALITY["audio"].keys()


@pytest.mark.parametrize("name", BY_MODALITY["audio"])
def test_it_changes_little_keeps_its_form_and_is_the_same_again(name: str) -> None:
    before = SOUND.copy()
    found = corrupt(name, SOUND, "test/a.wav", 1)
    assert (found.shape, found.dtype) == (SOUND.shape, np.float32)
    assert 1e-4 < np.abs(found - SOUND).max() < 0.7
    np.testing.assert_array_equal(found, corrupt(name, SOUND, "test/a.wav", 1))
    np.testing.assert_array_equal(SOUND, before)


def test_each_by_measure() -> None:
    changed = {name: corrupt(name, SOUND, "a", 0) for name in BY_MODALITY["audio"]}
    hiss = changed["hiss"] - SOUND
    assert np.square(SOUND).mean() / np.square(hiss).mean() == pytest.approx(100, rel=0.1)  # 20 decibels
    assert level(changed["soft"], 500) == pytest.approx(0.2, rel=1e-3)
    assert np.abs(changed["clipped"]).max() == np.abs(SOUND).max()
    assert (level(changed["muffled"], 500), level(changed["muffled"], 3500)) == pytest.approx((0.4, 0), abs=1e-4)
    np.testing.assert_allclose(changed["echo"][480:], SOUND[480:] + 0.3 * SOUND[:-480], atol=1e-6)
    np.testing.assert_array_equal(changed["echo"][:480], SOUND[:480])


def test_noise_differs_by_path_and_seed() -> None:
    first = corrupt("hiss", SOUND, "a", 0)
    assert not np.array_equal(first, corrupt("hiss", SOUND, "b", 0))
    assert not np.array_equal(first, corrupt("hiss", SOUND, "a", 1))
