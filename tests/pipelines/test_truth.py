"""Truth in an image's pixels, in a window of it, and as a class for every pixel."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from pipelines.examples import Example
from pipelines.truth import IGNORE, LabelMask, Objects
from tatara.core.contract import Tiling
from tatara.core.errors import TataraError
from tatara.core.files import sha256_file


def _rle(mask: np.ndarray) -> str:
    return coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()


@pytest.fixture
def objects() -> Objects:
    """On 8 x 6 pixels: an L of class b in the upper left, a box of class a at the right, a crowd at the bottom."""
    corner = np.zeros((6, 8), np.uint8)
    corner[0:4, 0] = 1
    corner[3, 0:3] = 1
    boxes = np.array([[0, 0, 3, 4], [4, 1, 8, 5], [0, 5, 8, 6]], np.float64)
    return Objects(boxes, ("b", "a", "a"), np.array([False, False, True]), (_rle(corner), None, None), 8, 6)


def test_masks_are_the_encoded_ones_or_the_boxes(objects: Objects) -> None:
    assert objects.mask(0).sum() == 6
    assert objects.mask(0)[3].tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    filled = np.zeros((6, 8))
    filled[1:5, 4:8] = 1
    np.testing.assert_array_equal(objects.mask(1), filled)


def test_a_class_for_every_pixel_with_background_and_crowds_ignored(objects: Objects) -> None:
    found = objects.class_map(("background", "a", "b"))
    assert found[0].tolist() == [2, 0, 0, 0, 0, 0, 0, 0]
    assert found[3].tolist() == [2, 2, 2, 0, 1, 1, 1, 1]
    assert (found[5] == IGNORE).all()


def test_a_window_moves_and_cuts_objects_and_turns_slivers_into_crowds(objects: Objects) -> None:
    found = objects.within((0, 2, 5, 8))  # columns 2 to 7, rows 0 to 4
    assert (found.width, found.height) == (6, 5)
    assert found.labels == ("b", "a")
    assert found.boxes.tolist() == [[0, 0, 1, 4], [2, 1, 6, 5]]
    assert found.crowd.tolist() == [False, False]  # a third of the first box is left, all of the second
    assert found.mask(0).tolist()[3] == [1, 0, 0, 0, 0, 0]
    narrow = objects.within((0, 0, 6, 5))  # a quarter of the box at the right
    assert narrow.crowd.tolist() == [False, True, True]


def test_an_example_of_a_window_cuts_pixels_and_truth_alike(tmp_path: Path, objects: Objects) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    example = Example("a.png", "", sha256_file(tmp_path / "a.png"), tmp_path, 6, 8, objects)
    parts = example.windows(Tiling(size=8, overlap=0.0))
    assert parts == [example]
    marked = Image.fromarray(objects.class_map(("background", "a", "b")))
    marked.save(tmp_path / "m.png")
    truths = (objects, LabelMask(tmp_path / "m.png", sha256_file(tmp_path / "m.png")))
    window = (1, 2, 5, 7)
    for truth in truths:
        part = Example("a.png", "", example.digest, tmp_path, 6, 8, truth, window)
        np.testing.assert_array_equal(part.pixels(), pixels[1:5, 2:7])
        np.testing.assert_array_equal(part.class_map(("background", "a", "b")), np.asarray(marked)[1:5, 2:7])


def test_a_mask_that_changed_is_named(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(TataraError, match=r"m\.png: missing or changed since it was validated"):
        LabelMask(tmp_path / "m.png", "0" * 64).read()


def test_objects_are_asked_of_data_that_has_none(tmp_path: Path) -> None:
    with pytest.raises(TataraError, match=r"a\.png: no objects are marked"):
        Example("a.png", "cat", "0", tmp_path, 6, 8).objects()
