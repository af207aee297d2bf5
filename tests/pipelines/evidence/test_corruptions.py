"""Small corruptions: the same every time, of the same size, each what its name says, none large."""

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from pipelines.evidence.corruptions import CORRUPTIONS, NOISE, corrupt

PHOTO = load_sample_image("flower.jpg")


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("size", [(427, 640), (8, 8), (1, 3)])
def test_the_same_again_and_nearly_the_same_picture(name: str, size: tuple[int, int]) -> None:
    pixels = np.ascontiguousarray(PHOTO[: size[0], : size[1]])
    before = pixels.copy()
    found = corrupt(name, pixels, "test/a.png", seed=1)
    np.testing.assert_array_equal(pixels, before)
    np.testing.assert_array_equal(found, corrupt(name, pixels, "test/a.png", seed=1))
    assert found.shape == pixels.shape
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - pixels).mean() < 40
    assert (found != pixels).any() or max(size) < 9


def test_noise_is_of_its_strength_and_another_for_every_file_and_seed() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    first, other, seeded = (
        corrupt("noise", grey, path, seed).astype(float) - 128 for path, seed in (("a", 0), ("b", 0), ("a", 1))
    )
    assert first.std() == pytest.approx(NOISE, rel=0.02)
    for second in (other, seeded):
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.02


def test_light_and_sharpness_change_as_they_are_called() -> None:
    mean = {name: float(corrupt(name, PHOTO, "a", 0).mean()) for name in CORRUPTIONS}
    assert mean["dark"] == pytest.approx(0.75 * PHOTO.mean(), rel=0.01)
    assert mean["bright"] > 1.15 * PHOTO.mean()
    changed = {name: corrupt(name, PHOTO, "a", 0).astype(int) for name in ("blur", "noise")}
    edges = {name: np.abs(np.diff(pixels, axis=1)).mean() for name, pixels in changed.items()}
    assert edges["blur"] < np.abs(np.diff(PHOTO.astype(int), axis=1)).mean() < edges["noise"]
