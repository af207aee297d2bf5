"""COCO's JSON comes in: layouts, boxes, polygons and run lengths; and what is refused in one line, or left out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask

from tatara.core.errors import UsageError
from tests.pipelines.datasets.annotated_sets import bring, coco_json, coco_set
from tests.pipelines.datasets.images import write_image

pytestmark = pytest.mark.usefixtures("empty_project")

SQUARE = np.zeros((10, 12), np.uint8)
SQUARE[2:6, 3:8] = 1
BOX = [3, 2, 5, 4]


def rle(bits: Any = SQUARE) -> dict[str, Any]:
    found = mask.encode(np.asfortranarray(bits))
    return {"size": found["size"], "counts": found["counts"].decode()}


def uncompressed(bits: Any = SQUARE) -> dict[str, Any]:
    """Runs of 0 and 1 in turn, down the columns."""
    flat = bits.ravel(order="F")
    cuts = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff([0, *cuts, flat.size]).tolist()
    return {"size": list(bits.shape), "counts": runs if flat[0] == 0 else [0, *runs]}


def polygon(x_min: float = 3, y_min: float = 2, x_max: float = 8, y_max: float = 6) -> list[float]:
    return [x_min, y_min, x_max, y_min, x_max, y_max, x_min, y_max]


def masks(brought: Any) -> list[tuple[float, list[list[int]]]]:
    """Area and mask of every object, in the order of the images and objects."""
    found = [one for split in ("train", "valid", "test") for one in brought.content(split)["annotations"]]
    return [(one["area"], mask.decode(one["segmentation"]).tolist()) for one in found]


def test_boxes_are_taken_as_they_are(tmp_path: Path) -> None:
    boxes = [[3, 2, 5, 4], [0.25, 1.5, 2.5, 3], [-4, 0, 8, 4], [1, 1, 0, 3], [5, 5, -1, 2], [11, 9, 6, 6]]
    source = coco_set(tmp_path / "s", [{"image_id": 2, "bbox": box, "category_id": 2} for box in boxes])
    brought = bring(source, tmp_path / "out")
    assert brought.objects()["1.png"] == [("dog", x, y, x + w, y + h) for x, y, w, h in boxes]
    assert brought.objects()["0.png"] == []
    assert brought.description.kind == "detection"
    assert brought.description.classes == ("dog",)
    content = brought.content(brought.split_of()["1.png"])
    assert [one["area"] for one in content["annotations"]] == [20, 7.5, 32, 0, 0, 36]
    assert "segmentation" not in content["annotations"][0]
    assert content["images"][0].keys() == {"id", "file_name", "width", "height"}


@pytest.mark.parametrize("segmentation", [rle(), uncompressed(), [polygon()], [polygon(x_max=5), polygon(x_min=5)]])
def test_every_form_of_a_mask(tmp_path: Path, segmentation: Any) -> None:
    source = coco_set(tmp_path / "s", [{"image_id": 1, "bbox": BOX, "segmentation": segmentation}])
    brought = bring(source, tmp_path / "out")
    assert brought.description.kind == "instances"
    assert masks(brought) == [(20.0, SQUARE.tolist())]


def test_crowds_holes_and_masks_without_area(tmp_path: Path) -> None:
    source = coco_set(
        tmp_path / "s",
        [
            {"image_id": 1, "bbox": [0, 0, 12, 10], "iscrowd": 1, "segmentation": uncompressed(1 - SQUARE)},
            {"image_id": 1, "segmentation": [polygon()]},
            {"image_id": 1, "bbox": BOX, "segmentation": [polygon(20, 20, 30, 30)]},
            {"image_id": 1, "bbox": BOX, "segmentation": [[1, 1, 4, 4]]},
        ],
    )
    brought = bring(source, tmp_path / "out")
    found = brought.content(brought.split_of()["0.png"])["annotations"]
    assert [one["iscrowd"] for one in found] == [1, 0, 0, 0]
    assert [area for area, _ in masks(brought)] == [100, 20, 0, 0]
    assert found[1]["bbox"] == BOX
    mended = bring(source, tmp_path / "mended", repair=True)
    assert [area for area, _ in masks(mended)] == [100, 20]
    assert [line.split(": ", 1)[1] for line in mended.changes] == [
        "object 2 (cat): dropped, its mask has no pixel", "object 3 (cat): dropped, its mask has no pixel",
    ]  # fmt: skip


def test_a_box_that_contradicts_its_mask_is_repaired_from_it(tmp_path: Path) -> None:
    boxes = [[3, 2, 0, 0], [9, 9, 3, 1], [2, 2, 6, 4], [-2, 2, 10, 4]]
    source = coco_set(tmp_path / "s", [{"image_id": 1, "bbox": box, "segmentation": [polygon()]} for box in boxes])
    brought = bring(source, tmp_path / "out", repair=True)
    assert [box for _, *box in brought.objects()["0.png"]] == [[3, 2, 8, 6], [3, 2, 8, 6], [2, 2, 8, 6], [0, 2, 8, 6]]
    assert len(brought.changes) == 3
    faithful = bring(source, tmp_path / "faithful")
    assert [[x, y, z - x, w - y] for _, x, y, z, w in faithful.objects()["0.png"]] == boxes


def test_boxes_beside_masks_make_a_detection(tmp_path: Path) -> None:
    source = coco_set(tmp_path / "s", [{"image_id": 1, "bbox": BOX, "segmentation": []},
                                       {"image_id": 1, "segmentation": rle()}])  # fmt: skip
    brought = bring(source, tmp_path / "out")
    assert brought.description.kind == "detection"
    file = source / "images" / "0.png"
    assert brought.filled.notes == [f"1 of 2 objects have no mask, first a cat in {file}: only boxes were taken"]
    assert brought.objects()["0.png"] == [("cat", 3, 2, 8, 6)] * 2
    assert bring(source, tmp_path / "asked", kind="detection").filled.notes == []
    with pytest.raises(UsageError, match="1 of 2 objects have no mask; kind=detection takes their boxes"):
        bring(source, tmp_path / "none", kind="instances")
    whole = coco_set(tmp_path / "whole", [{"image_id": 1, "bbox": BOX, "segmentation": rle()}])
    brought = bring(whole, tmp_path / "boxes", kind="detection")
    assert "segmentation" not in json.dumps([brought.content(split) for split in ("train", "valid", "test")])


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def test_cocos_own_layout(tmp_path: Path) -> None:
    root = tmp_path / "coco"
    for number, (folder, name) in enumerate([("train2017", "1.jpg"), ("train2017", "2.jpg"), ("val2017", "1.jpg")]):
        write_image(root / "images" / folder / name, number, (12, 10))
    write_image(root / "images" / "test2017" / "9.jpg", 9)
    one = {"image_id": 1, "bbox": BOX, "category_id": 2}
    write(root / "annotations" / "instances_train2017.json", coco_json(["1.jpg", "2.jpg"], [one]))
    write(root / "annotations" / "instances_val2017.json", coco_json(["1.jpg"], [{**one, "category_id": 1}]))
    write(root / "annotations" / "captions_val2017.json", {"images": [], "annotations": [{"caption": "a cat"}]})
    write(root / "annotations" / "image_info_test2017.json", {"images": [{"id": 9, "file_name": "9.jpg"}]})
    brought = bring(root, tmp_path / "out")
    found = {str(path.relative_to(brought.folder)): own for path, own in brought.objects_of_files().items()}
    assert found["valid/images/1.jpg"] == [("cat", 3, 2, 8, 6)]
    assert sum(own == [("dog", 3, 2, 8, 6)] for own in found.values()) == 1
    assert brought.description.splits["valid"] == "given"
    assert len(found) == 3


def test_a_file_in_each_folder_and_names_with_folders(tmp_path: Path) -> None:
    root = tmp_path / "export"
    head, cat = {"id": 0, "name": "animals"}, {"id": 5, "name": "cat", "supercategory": "animals"}
    for number, split in enumerate(["train", "valid", "test"]):
        write_image(root / split / "猫 cat.png", number)
        listed = [{"id": "a", "file_name": "猫 cat.png", "width": 12, "height": 10}]
        marked = [{"id": 1, "image_id": "a", "category_id": 5, "bbox": BOX}]
        content = {"images": listed, "categories": [head, cat], "annotations": marked}
        write(root / split / "_annotations.coco.json", content)
    brought = bring(root, tmp_path / "out")
    assert brought.description.classes == ("cat",)
    assert brought.filled.files == {"train": 1, "valid": 1, "test": 1}
    assert all(len(own) == 1 for own in brought.objects_of_files().values())

    for name in ("train/a/1.png", "train/b/1.png", "val/a/1.png", "test/a/1.png"):
        write_image(tmp_path / "deep" / "images" / name, len(name) + ord(name[6]))
    names = ["C:\\data\\images\\train\\a\\1.png", "train/b/1.png", "../images/val/a/1.png", "test/a/1.png"]
    write(tmp_path / "deep" / "all.json", coco_json(names, [{"image_id": 2, "bbox": BOX}]))
    brought = bring(tmp_path / "deep", tmp_path / "deep out")
    assert brought.filled.files == {"train": 2, "valid": 1, "test": 1}
    (marked_path,) = [path for path, own in brought.objects_of_files().items() if own]
    assert marked_path.read_bytes() == (tmp_path / "deep" / "images" / "train" / "b" / "1.png").read_bytes()


def test_one_file_is_a_source_too(tmp_path: Path) -> None:
    source = coco_set(tmp_path / "s", [{"image_id": 1, "bbox": BOX}])
    (source / "annotations").mkdir()
    file = (source / "annotations.json").rename(source / "annotations" / "instances_val.json")
    brought = bring(file, tmp_path / "out")
    assert brought.description.splits["test"].startswith("by the rarest class in an image, seed 0, 8:1:1")
    assert sum(brought.filled.files.values()) == 4


def changed(**values: Any) -> Any:
    def change(content: Any) -> None:
        content["annotations"][0].update(values)

    return change


def unknown_image(content: Any) -> None:
    content["annotations"][0]["image_id"] = 77


def missing_image(content: Any) -> None:
    content["images"][3]["file_name"] = "gone.png"


def listed_twice(content: Any) -> None:
    content["images"].append({"id": 9, "file_name": "0.png"})


@pytest.mark.parametrize(
    ("spoil", "expected", "images", "objects"),
    [
        (unknown_image, "annotation 1 of image_id 77, which is not listed", 4, 1),
        (changed(category_id=9), "annotation 1 of category_id 9, which is not listed", 4, 1),
        (missing_image, "image 'gone.png', which is not in", 3, 2),
        (listed_twice, "'images/0.png', which is listed twice", 4, 2),
        (changed(segmentation={"size": [9, 9], "counts": [81]}), r"for \[9, 9\], the image's size is \[10, 12\]", 3, 1),
        (changed(segmentation={"size": [10, 12], "counts": [7]}), "cover 7 pixels, the image has 120", 3, 1),
        (changed(segmentation={"size": [10, 12], "counts": "!!"}), "its run lengths are damaged", 3, 1),
        (changed(segmentation=[["a", 2]]), "neither polygons", 3, 1),
        (changed(segmentation=[[1, 2, 3]]), "neither polygons", 3, 1),
    ],
)
def test_what_cannot_be_read_is_refused_or_left_out(
    tmp_path: Path, spoil: Any, expected: str, images: int, objects: int
) -> None:
    marked = [{"image_id": 1, "bbox": BOX, "segmentation": rle()}, {"image_id": 2, "bbox": BOX, "segmentation": rle()}]
    source = coco_set(tmp_path / "s", marked)
    content = json.loads((source / "annotations.json").read_text())
    spoil(content)
    write(source / "annotations.json", content)
    with pytest.raises(UsageError, match=expected) as caught:
        bring(source, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert "repair=true" in str(caught.value)
    brought = bring(source, tmp_path / "mended", repair=True)
    assert len(brought.changes) == 1
    damaged = (images, objects) == (3, 1)  # an object that cannot be read takes its image along
    assert brought.changes[0].endswith(": the whole image is left out" if damaged else ": left out")
    assert (len(brought.objects()), sum(map(len, brought.objects().values()))) == (images, objects)


def twice_one_id(content: Any) -> None:
    content["images"][1]["id"] = 1


def two_names_of_one_category(content: Any) -> None:
    content["categories"][1]["id"] = 1


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (twice_one_id, "'0.png' and '1.png' have one id, 1"),
        (two_names_of_one_category, "categories 'cat' and 'dog' have one id"),
        (changed(bbox=[1, 2, 3]), "annotations.0.bbox: 3 numbers; a box has four"),
        (changed(bbox=[1, 2, 3, float("nan")]), "annotations.0.bbox.3: Input should be a finite number"),
        (changed(bbox=None), "neither bbox nor segmentation"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, spoil: Any, expected: str) -> None:
    source = coco_set(tmp_path / "s", [{"image_id": 1, "bbox": BOX}])
    content = json.loads((source / "annotations.json").read_text())
    spoil(content)
    write(source / "annotations.json", content)
    with pytest.raises(UsageError) as caught:
        bring(source, tmp_path / "out", repair=True)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_json_that_is_cut_is_named(tmp_path: Path) -> None:
    source = coco_set(tmp_path / "s", [{"image_id": 1, "bbox": BOX}])
    file = source / "annotations.json"
    file.write_text(file.read_text()[:-30])
    with pytest.raises(UsageError, match=r"annotations.json: not JSON \("):
        bring(source, tmp_path / "out")


def test_boxes_without_categories_are_refused_and_not_passed_over(tmp_path: Path) -> None:
    root = coco_set(tmp_path / "s", [{"bbox": [1, 1, 4, 4], "category_id": 1}])
    path = next(root.rglob("*.json"))
    content = json.loads(path.read_text())
    del content["categories"]
    path.write_text(json.dumps(content))
    with pytest.raises(UsageError, match="json: boxes, but no categories"):
        bring(root, tmp_path / "out")
