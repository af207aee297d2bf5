"""Windows cover the image, overlap as asked, and never leave it."""

import itertools

import numpy as np
import pytest

from tatara.core.contract import Tiling
from tatara.core.tiling import merged, window_of, windows


def test_without_tiling_or_in_a_small_image_there_is_one_window() -> None:
    assert windows(30, 40, None) == [(0, 0, 30, 40)]
    assert windows(30, 40, Tiling(size=64, overlap=0.25)) == [(0, 0, 30, 40)]


def test_windows_of_a_row_by_hand() -> None:
    # 250 pixels, windows of 100 at least 20 apart: the last must begin at 150, steps of at most 80: 0, 75, 150
    assert windows(100, 250, Tiling(size=100, overlap=0.2)) == [(0, 0, 100, 100), (0, 75, 100, 175), (0, 150, 100, 250)]


@pytest.mark.parametrize(("height", "width"), [(65, 64), (97, 301), (1000, 64), (513, 512)])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.75])
def test_every_pixel_is_covered_and_neighbours_overlap(height: int, width: int, overlap: float) -> None:
    tiling, seen = Tiling(size=64, overlap=overlap), np.zeros((height, width), int)
    cut = windows(height, width, tiling)
    for top, left, bottom, right in cut:
        assert 0 <= top < bottom <= height
        assert 0 <= left < right <= width
        assert (bottom - top, right - left) == (min(64, height), min(64, width))
        seen[top:bottom, left:right] += 1
    assert seen.min() >= 1
    tops = sorted({top for top, *_ in cut})
    assert all(after - before <= round(64 * (1 - overlap)) + 1 for before, after in itertools.pairwise(tops))


def test_a_window_is_that_part_of_the_pixels() -> None:
    pixels = np.arange(5 * 7).reshape(5, 7)
    np.testing.assert_array_equal(window_of(pixels, (1, 2, 3, 6)), [[9, 10, 11, 12], [16, 17, 18, 19]])


def test_the_kind_merges_parts_with_their_corners_and_the_whole_size() -> None:
    class Kind:
        @staticmethod
        def merge(parts: list, size: tuple[int, int]) -> dict:
            return {"corners": [corner for _, corner in parts], "size": size}

    cut = windows(100, 250, Tiling(size=100, overlap=0.2))
    assert merged(Kind, [{}, {}, {}], cut) == {"corners": [(0, 0), (0, 75), (0, 150)], "size": (100, 250)}
    assert merged(Kind, [{"a": 1}], cut[:1]) == {"a": 1}
