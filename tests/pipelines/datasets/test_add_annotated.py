"""`tatara data add` of annotated images: whole, tracked and read back; or one line and no trace."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from pipelines.datasets.add import add
from pipelines.datasets.dataset import open_dataset
from pipelines.datasets.index import build_index
from pipelines.datasets.objects import build_objects
from pipelines.datasets.revision import revision
from tatara.core.errors import UsageError
from tests.pipelines.datasets.annotated_sets import coco_set, truncated_jpeg, voc_set, write_mask, write_xml
from tests.pipelines.datasets.images import image_folder, write_image
from tests.pipelines.datasets.test_add import state, up_to_date


def test_boxes_come_back_as_they_were_given(tiny_project: Path, tmp_path: Path) -> None:
    source = voc_set(tmp_path / "写真 set", 24)
    (source / "README.txt").write_text("words")
    report = add(source, "pets", seed=3, ratios=(2, 1, 1), licence="CC0")
    assert report.layout == "PASCAL VOC"
    assert report.files == {"train": 12, "valid": 6, "test": 6}
    assert {name: sum(own[name] for own in report.counts.values()) for name in ("cat", "dog")} == {"cat": 24, "dog": 12}
    assert report.skipped == ["README.txt"]
    assert (report.left_out, report.changes) == ([], [])
    dataset = open_dataset("pets")
    assert dataset.description.kind == "detection"
    assert dataset.description.notes == "Added from PASCAL VOC."
    assert revision(dataset) == report.revision
    index, objects = build_index(dataset), build_objects(dataset)
    assert len(index) == 24
    assert index["decode_error"].isna().all()
    dogs = objects[objects["label"] == "dog"]
    assert (dogs[["x_min", "y_min", "x_max", "y_max"]] == [2, 3, 12, 10]).all(axis=None)
    assert up_to_date(tiny_project)
    assert add(source, "again", seed=3, ratios=(2, 1, 1), licence="CC0").revision == report.revision


def test_a_refusal_leaves_no_trace(tiny_project: Path, tmp_path: Path) -> None:
    source = voc_set(tmp_path / "source")
    (source / "annotations" / "0.xml").write_text("<annotation>")
    truncated_jpeg((other := voc_set(tmp_path / "other")) / "images" / "cut.jpg")
    few = voc_set(tmp_path / "few", 2)
    before = state(tiny_project)
    for path, options, expected in [
        (source, {}, "0.xml: not XML"),
        (other, {}, "1 file(s) cannot be read"),
        (few, {}, "few: 2 different image(s), 3 are needed"),
        (source, {"kind": "instances"}, "not a dataset of instances"),
        (source, {"ignore": 256}, "a value of a label mask is from 0 to 255"),
        (image_folder(tmp_path / "plain", {"a": 3, "b": 3}), {"classes": ("a", "b")}, "are for boxes and masks"),
        (tmp_path / "gone.json", {}, "no such file or folder"),
    ]:
        with pytest.raises(UsageError) as caught:
            add(path, "mine", **options)
        assert expected in str(caught.value)
        assert "\n" not in str(caught.value)
        assert state(tiny_project) == before
    assert sum(add(other, "mine", skip_broken=True).files.values()) == 6


def test_a_repair_lists_all_that_it_changed(tiny_project: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number, split in enumerate(["train", "train", "train", "valid", "test"]):
        write_image(source / split / f"{number}.png", number)
        write_xml(source / split / f"{number}.xml", f"{number}.png", [("cat", 1, 1, 6, 5)])
    boxes = [("cat", 1, 1, 6, 5), ("cat", -3, 1, 20, 5), ("dog", 4, 4, 4, 4), ("cat", 13, 1, 20, 5)]
    write_xml(source / "train" / "0.xml", "0.png", boxes)
    shutil.copyfile(source / "test" / "4.png", source / "train" / "copy of 4.png")
    truncated_jpeg(source / "valid" / "cut.jpg")
    report = add(source, "mended", repair=True)
    assert [line.removeprefix(f"{source}/") for line in report.changes] == [
        "train/copy of 4.png: of train, the same file as one of test: left out",
        "train/0.png: object 1 (cat): box -4, 0, 20, 5 became box 0, 0, 12, 5",
        "train/0.png: object 2 (dog): dropped, box 3, 3, 3, 3 has less than a pixel in the image",
        "train/0.png: object 3 (cat): dropped, box 12, 0, 20, 5 has less than a pixel in the image",
    ]
    assert report.left_out[0].startswith(f"{source}/valid/cut.jpg: damaged image")
    assert report.files == {"train": 3, "valid": 1, "test": 1}
    assert report.dataset.description.notes == "Added from PASCAL VOC. 4 change(s) by repair=true."
    faithful = add(source, "faithful", skip_broken=True)
    objects = build_objects(faithful.dataset)
    assert faithful.files["train"] == 4
    assert objects.loc[objects["path"] == "train/images/0.png", "x_max"].tolist() == [6, 20, 3, 20]


def test_images_by_class_are_repaired_too(tiny_project: Path, tmp_path: Path) -> None:
    source = image_folder(tmp_path / "s", {f"{split}/{name}": 2 for split in ("train", "test") for name in "ab"})
    shutil.copyfile(source / "test" / "a" / "0.png", source / "train" / "a" / "copy.png")
    write_image(source / "train" / "a" / "more.png", 70)
    write_image(source / "train" / "b" / "more.png", 71)
    report = add(source, "mine", repair=True)
    assert [line.removeprefix(f"{source}/") for line in report.changes] == [
        "train/a/copy.png: of train, the same file as one of test: left out"
    ]
    assert sum(report.files.values()) == 10


def test_files_of_every_kind_of_picture(tiny_project: Path, tmp_path: Path) -> None:
    """Progressive, grey, CMYK and with transparency: sizes, boxes and bytes stay as they are."""
    source = coco_set(tmp_path / "s", [{"image_id": number, "bbox": [3, 2, 5, 4]} for number in range(1, 5)])
    with Image.open(source / "images" / "0.png") as image:
        image.save(source / "images" / "a.jpg", progressive=True)
        image.convert("L").save(source / "images" / "b.jpg")
        image.convert("CMYK").save(source / "images" / "c.jpg")
        image.convert("RGBA").save(source / "images" / "d.png")
    text = (source / "annotations.json").read_text()
    for number, name in enumerate(["a.jpg", "b.jpg", "c.jpg", "d.png"]):
        text = text.replace(f"{number}.png", name)
    (source / "annotations.json").write_text(text)
    report = add(source, "pictures")
    index = build_index(report.dataset).sort_values("path", key=lambda paths: paths.str.split("/").str[-1])
    assert index["mode"].tolist() == ["RGB", "L", "CMYK", "RGBA"]
    assert build_objects(report.dataset)["x_max"].tolist() == [8] * 4


def test_label_masks_are_read_back(tiny_project: Path, tmp_path: Path) -> None:
    for number in range(4):
        write_image(tmp_path / "s" / "train" / f"{number}.png", number)
        write_mask(tmp_path / "s" / "trainannot" / f"{number}.png", [[0] * 6 + [255] * 6] * 9 + [[2] * 12])
    report = add(tmp_path / "s", "roads", classes=("sky", "tree", "road"), ignore=0)
    index = build_index(report.dataset)
    assert index["mask_values"].tolist() == ["2 255"] * 4
    assert (index["mask_width"] == index["width"]).all()
    assert report.counts["train"] == {"sky": 0, "tree": 0, "road": 2}
    assert up_to_date(tiny_project)
