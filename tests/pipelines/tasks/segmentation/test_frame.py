"""Label maps in the prepared frame: each pixel is what covers most of it."""

import numpy as np
import pytest

from pipelines.tasks.segmentation.frame import in_frame
from pipelines.truth import IGNORE
from tatara.core.contract import ImagePreparation


def test_the_larger_area_wins() -> None:
    labels = np.array([[0, 0, 1, 1], [0, 5, 1, 5], [2, 3, IGNORE, IGNORE], [3, 3, IGNORE, 1]], np.uint8)
    found = in_frame(np.tile(labels, (4, 4)), ImagePreparation(size=8))
    np.testing.assert_array_equal(found, np.tile([[0, 1], [3, IGNORE]], (4, 4)))


def test_areas_are_exact_where_sides_do_not_divide() -> None:
    line = np.repeat(np.array([0, 1, 0], np.uint8), [6, 4, 2])  # a prepared pixel is one and a half of these
    found = in_frame(np.tile(line, (8, 1)), ImagePreparation(size=8))
    np.testing.assert_array_equal(found, np.tile([0, 0, 0, 0, 1, 1, 1, 0], (8, 1)))


def test_enlarging_repeats() -> None:
    labels = np.random.default_rng(0).integers(0, 4, (4, 2), np.uint8)
    expected = labels.repeat(2, axis=0).repeat(4, axis=1)
    np.testing.assert_array_equal(in_frame(labels, ImagePreparation(size=8)), expected)


@pytest.mark.parametrize(("shape", "rows", "columns"), [((16, 32), 8, 16), ((32, 8), 16, 4), ((10, 32), 5, 16)])
def test_padding_is_ignored(shape: tuple[int, int], rows: int, columns: int) -> None:
    found = in_frame(np.full(shape, 3, np.uint8), ImagePreparation(size=16, resize="pad"))
    assert (found[:rows, :columns] == 3).all()
    assert (found == 3).sum() == rows * columns
    assert (found[found != 3] == IGNORE).all()


def test_a_map_of_the_frames_size_stays() -> None:
    labels = np.random.default_rng(0).integers(0, 256, (16, 16), np.uint8)
    np.testing.assert_array_equal(in_frame(labels, ImagePreparation(size=16)), labels)
