"""A folder of mask files for each image comes in as instances."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask

from tatara.core.errors import UsageError
from tests.pipelines.datasets.annotated_sets import bring, write_mask
from tests.pipelines.datasets.images import write_image

pytestmark = pytest.mark.usefixtures("empty_project")

FIRST, SECOND = np.zeros((2, 10, 12), np.uint8)
FIRST[2:6, 3:8] = 255
SECOND[0, 0] = SECOND[9, 11] = 255


def nuclei(root: Path, count: int = 4) -> Path:
    """As in the Data Science Bowl: two objects in each image, of RGBA."""
    for number in range(count):
        write_image(root / f"id {number}" / "images" / f"{number}.png", number)
        with Image.open(root / f"id {number}" / "images" / f"{number}.png") as image:
            image.convert("RGBA").save(root / f"id {number}" / "images" / f"{number}.png")
        write_mask(root / f"id {number}" / "masks" / "a.png", FIRST)
        write_mask(root / f"id {number}" / "masks" / "b.png", SECOND)
    return root


def test_each_file_is_an_object(tmp_path: Path) -> None:
    source = nuclei(tmp_path / "stage1_train")
    write_image(source / "bare" / "images" / "bare.png", 50)
    brought = bring(source, tmp_path / "out")
    assert (brought.description.kind, brought.description.classes) == ("instances", ("object",))
    assert brought.objects()["0.png"] == [("object", 3, 2, 8, 6), ("object", 0, 0, 12, 10)]
    assert brought.objects()["bare.png"] == []
    assert brought.filled.notes == [f"1 image(s) without a mask show no object, first {source}/bare/images/bare.png"]
    first, second = brought.content(brought.split_of()["0.png"])["annotations"][:2]
    assert (first["area"], second["area"]) == (20, 2)
    assert (mask.decode(second["segmentation"]) == (SECOND > 0)).all()


def test_the_class_is_named_and_boxes_can_be_had(tmp_path: Path) -> None:
    source = nuclei(tmp_path / "s")
    brought = bring(source, tmp_path / "out", kind="detection", classes=("nucleus",))
    assert (brought.description.kind, brought.description.classes) == ("detection", ("nucleus",))
    assert brought.objects()["1.png"] == [("nucleus", 3, 2, 8, 6), ("nucleus", 0, 0, 12, 10)]
    with pytest.raises(UsageError, match="of one class; classes= names 2"):
        bring(source, tmp_path / "two", classes=("a", "b"))


def test_what_cannot_be_read_is_refused_or_left_out(tmp_path: Path) -> None:
    for number, (spoil, expected) in enumerate([
        (lambda s: write_mask(s / "id 1" / "masks" / "b.png", np.zeros((3, 3))), "b.png is of 3 x 3 pixels"),
        (lambda s: (s / "id 1" / "masks" / "b.png").write_bytes(b"x"), "b.png cannot be read"),
        (lambda s: (s / "id 1" / "images" / "1.png").unlink(), "id 1: 0 images in its folder images"),
        (lambda s: write_image(s / "id 1" / "images" / "2.png", 2), "id 1: 2 images in its folder images"),
    ]):  # fmt: skip
        spoil(source := nuclei(tmp_path / f"s{number}"))
        with pytest.raises(UsageError) as caught:
            bring(source, tmp_path / "out")
        assert expected in str(caught.value)
        assert "repair=true" in str(caught.value)
        brought = bring(source, tmp_path / f"mended{number}", repair=True)
        assert (len(brought.split_of()), len(brought.changes)) == (3, 1)


def test_a_mask_without_a_pixel_is_for_validation_to_find(tmp_path: Path) -> None:
    write_mask(nuclei(tmp_path / "s") / "id 1" / "masks" / "b.png", np.zeros((10, 12)))
    assert bring(tmp_path / "s", tmp_path / "out").objects()["1.png"][1] == ("object", 0, 0, 0, 0)
    assert len(bring(tmp_path / "s", tmp_path / "mended", repair=True).objects()["1.png"]) == 1
