"""VOC's masks of objects: the N-th value is the N-th object of the XML."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask

from tatara.core.errors import UsageError
from tests.pipelines.datasets.annotated_sets import Brought, bring, write_mask, write_xml
from tests.pipelines.datasets.images import write_image

pytestmark = pytest.mark.usefixtures("empty_project")

VALUES = np.zeros((10, 12), np.uint8)
VALUES[1:4, 2:7] = 1
VALUES[5:9, 3:5] = 2
VALUES[4] = 255
BOXES = [("cat", 3, 2, 7, 4), ("big dog", 4, 6, 5, 9)]


def voc_folder(root: Path) -> Path:
    """Six images of which the last has boxes alone."""
    for number in range(6):
        write_image(root / "JPEGImages" / f"{number}.png", number)
        write_xml(root / "Annotations" / f"{number}.xml", f"{number}.png", BOXES)
        if number < 5:
            write_mask(root / "SegmentationObject" / f"{number}.png", VALUES, palette=True)
    return root


def masks(brought: Brought, split: str) -> list[np.ndarray]:
    content = brought.content(split)
    return [mask.decode(one["segmentation"]) for one in content["annotations"]]


def test_a_value_is_the_object_of_its_place_in_the_xml(tmp_path: Path) -> None:
    brought = bring(voc_folder(tmp_path / "s"), tmp_path / "out", kind="instances")
    assert brought.description.kind == "instances"
    assert brought.description.classes == ("big dog", "cat")
    assert sorted(brought.split_of()) == ["0.png", "1.png", "2.png", "3.png", "4.png"]
    first, second = masks(brought, "test")[:2]
    assert np.array_equal(first, VALUES == 1)
    assert np.array_equal(second, VALUES == 2)
    assert brought.objects()["0.png"] == [("cat", 2, 1, 7, 4), ("big dog", 3, 5, 5, 9)]


def test_the_lists_are_those_of_segmentation(tmp_path: Path) -> None:
    source = voc_folder(tmp_path / "s")
    for task, lists in (("Main", ("0\n1\n2\n3\n", "4\n", "5\n")), ("Segmentation", ("2\n3\n", "0\n", "1\n"))):
        (source / "ImageSets" / task).mkdir(parents=True)
        for name, text in zip(("train", "val", "test"), lists, strict=True):
            (source / "ImageSets" / task / f"{name}.txt").write_text(text)
    brought = bring(source, tmp_path / "out", kind="instances")
    assert brought.split_of() == {"2.png": "train", "3.png": "train", "0.png": "valid", "1.png": "test"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [(np.where(VALUES == 2, 3, VALUES), "has the value 3, its XML only 2 object"), (VALUES[:5], "is of 12 x 5 pixels")],
)
def test_masks_that_do_not_fit_the_xml_are_refused(tmp_path: Path, values: np.ndarray, expected: str) -> None:
    source = voc_folder(tmp_path / "s")
    Image.fromarray(values).save(source / "SegmentationObject" / "1.png")
    with pytest.raises(UsageError, match=expected):
        bring(source, tmp_path / "out", kind="instances")
