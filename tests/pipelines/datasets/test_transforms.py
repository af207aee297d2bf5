"""What is made of photos: lines where there are edges, nothing where there are none, whatever the brightness."""

import numpy as np
import pytest

from pipelines.datasets.transforms import TRANSFORMS, grey


def halves(low: int, high: int) -> np.ndarray:
    pixels = np.full((24, 32, 3), low, np.uint8)
    pixels[:, 16:] = high
    return pixels


def test_grey_is_the_luma_in_whole_numbers() -> None:
    pixels = np.array([[(255, 0, 0), (0, 255, 0), (0, 0, 255), (10, 20, 30)]], np.uint8)
    assert grey(pixels).tolist() == [[76, 150, 29, 18]]


@pytest.mark.parametrize("name", ["dilation", "xdog", "canny"])
@pytest.mark.parametrize("level", [0, 40, 128, 250])
def test_an_even_photo_has_no_lines(name: str, level: int) -> None:
    assert (TRANSFORMS[name](np.full((24, 32, 3), level, np.uint8)) == 255).all()


@pytest.mark.parametrize("name", ["dilation", "xdog", "canny"])
def test_an_edge_is_a_dark_line_on_white(name: str) -> None:
    lines = TRANSFORMS[name](halves(60, 160))
    assert lines.shape == (24, 32)
    assert lines.dtype == np.uint8
    columns = lines[8:16].min(axis=0)
    assert columns[13:19].min() < 180
    assert (columns[:8] == 255).all()
    assert (columns[24:] == 255).all()


def test_the_dilations_difference_by_hand() -> None:
    lines = TRANSFORMS["dilation"](halves(60, 160))
    assert lines[12].tolist() == [255] * 14 + [155] * 2 + [255] * 16  # two pixels from the brighter half
