"""Annotations of stored, unturned pictures are turned upright with them, pixel by pixel."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask

from tatara.core.errors import UsageError
from tatara.core.modalities.image import decode
from tests.pipelines.datasets.annotated_sets import bring, rotated_jpeg, write_mask, write_xml
from tests.pipelines.datasets.images import write_image

pytestmark = pytest.mark.usefixtures("empty_project")

STORED = np.zeros((20, 40), np.uint8)
STORED[:10, :20] = 1
"""Where `rotated_jpeg` is bright, before it is turned."""


def bright(path: Path) -> Any:
    """Where the decoded picture is."""
    return decode(path.read_bytes())[..., 0] > 127


def others(root: Path, suffix: str = "") -> None:
    for number in range(3):
        write_image(root / f"{number}{suffix}.png", number)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("upright", [False, True])
def test_boxes_and_masks_stay_on_what_they_mark(tmp_path: Path, orientation: int, upright: bool) -> None:
    file = rotated_jpeg(tmp_path / "s" / "images" / "x.jpg", orientation)
    marked = bright(file) if upright else STORED.astype(bool)
    if orientation < 5:  # the size cannot tell: such annotations are of the upright picture
        marked = bright(file)
    others(tmp_path / "s" / "images")
    rows, columns = np.flatnonzero(marked.any(1)), np.flatnonzero(marked.any(0))
    box = [int(columns[0]), int(rows[0]), len(columns), len(rows)]
    found = mask.encode(np.asfortranarray(marked, np.uint8))
    rle = {"size": found["size"], "counts": found["counts"].decode()}
    height, width = marked.shape
    content = {
        "images": [{"id": 1, "file_name": "x.jpg", "width": width, "height": height},
                   *({"id": number + 2, "file_name": f"{number}.png"} for number in range(3))],
        "categories": [{"id": 1, "name": "bright"}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": box, "segmentation": rle}],
    }  # fmt: skip
    (tmp_path / "s" / "all.json").write_text(json.dumps(content))
    brought = bring(tmp_path / "s", tmp_path / "out")
    written = brought.content(brought.split_of()["x.jpg"])
    (image,) = [one for one in written["images"] if one["file_name"] == "x.jpg"]
    (one,) = written["annotations"]
    expected = bright(file)
    assert (image["height"], image["width"]) == expected.shape
    assert (mask.decode(one["segmentation"]) == expected).all()
    left, top, across, down = map(int, one["bbox"])
    assert expected[top : top + down, left : left + across].all()
    assert across * down == expected.sum() == one["area"]
    turned = "1 annotation(s) were turned upright with their image, as EXIF says, first of "
    assert brought.filled.notes == ([] if upright or orientation < 5 else [f"{turned}{file}"])


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_label_masks_are_turned_by_their_size(tmp_path: Path, orientation: int) -> None:
    stored = rotated_jpeg(tmp_path / "s" / "images" / "stored.jpg", orientation)
    write_mask(tmp_path / "s" / "labels" / "stored.png", STORED)
    rotated_jpeg(tmp_path / "s" / "images" / "upright.jpg", orientation, (42, 20))
    upright = bright(tmp_path / "s" / "images" / "upright.jpg").astype(np.uint8)
    write_mask(tmp_path / "s" / "labels" / "upright.png", upright)
    write_image(tmp_path / "s" / "images" / "plain.png", 3)
    write_mask(tmp_path / "s" / "labels" / "plain.png", np.zeros((10, 12)))
    brought = bring(tmp_path / "s", tmp_path / "out", ratios=(1, 1, 1))
    splits = brought.split_of()
    assert brought.labels(splits["stored.jpg"], "stored") == bright(stored).astype(int).tolist()
    assert brought.labels(splits["upright.jpg"], "upright") == upright.tolist()


def test_vocs_size_tells_too_and_a_third_size_is_refused(tmp_path: Path) -> None:
    rotated_jpeg(tmp_path / "s" / "x.jpg", 6)
    others(tmp_path / "s")
    write_xml(tmp_path / "s" / "x.xml", "x.jpg", [("a", 1, 1, 20, 10)], size=(40, 20))
    assert bring(tmp_path / "s", tmp_path / "out").objects()["x.jpg"] == [("a", 10, 0, 20, 20)]
    write_xml(tmp_path / "s" / "x.xml", "x.jpg", [("a", 11, 1, 20, 20)], size=(20, 40))
    assert bring(tmp_path / "s", tmp_path / "upright").objects()["x.jpg"] == [("a", 10, 0, 20, 20)]
    write_xml(tmp_path / "s" / "x.xml", "x.jpg", [("a", 11, 1, 20, 20)], size=(0, 0))
    assert bring(tmp_path / "s", tmp_path / "unknown").objects()["x.jpg"] == [("a", 10, 0, 20, 20)]
    write_xml(tmp_path / "s" / "x.xml", "x.jpg", [("a", 1, 1, 20, 10)], size=(80, 40))
    with pytest.raises(UsageError, match="x.jpg: is 20x40 pixels, its annotation is for 80x40"):
        bring(tmp_path / "s", tmp_path / "refused")
