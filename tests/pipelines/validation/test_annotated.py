"""Suites of annotated datasets: each fault fails its rule, and the failing row names file, object, rule and value."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from PIL import Image

from pipelines.datasets.dataset import Dataset, open_dataset
from pipelines.datasets.index import build_index
from pipelines.datasets.objects import build_objects
from pipelines.datasets.revision import revision
from pipelines.parameters import resolve
from pipelines.stages import validate
from pipelines.validation.check import Result, check
from pipelines.validation.report import lines, write_report
from pipelines.workspace import Workspace
from tatara.core.errors import TataraError
from tatara.core.files import read_json
from tests.pipelines.validation.annotated import (
    BOXES,
    HEIGHT,
    WIDTH,
    annotation,
    edit,
    encoded,
    filled,
    make_annotated,
    paint,
)


def found(result: Result) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for row in result.failing.itertuples():
        rows.setdefault(row.rule, {})[row.file] = row.value
    assert {rule.rule: rule.failing for rule in result.rules if rule.failing} == {
        rule: len(rows) for rule, rows in rows.items()
    }
    return rows


def checked(pets: Dataset) -> Result:
    return check(pets, build_index(pets))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Dataset]:
    """Makes the small dataset of a kind in a project of its own."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "data.dvc").touch()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("TATARA_HOME", str(tmp_path / "state"))
    return lambda kind: make_annotated(tmp_path / "project" / "data" / "pets", kind)


def test_boxes_that_are_wrong_are_named_with_rule_and_value(made):
    pets = made("detection")
    boxes = {
        0: [80, 12, 19, 24],  # three pixels over the right edge
        1: [-2.5, -1, 40, 60],  # over the upper left corner
        2: [8, 12, 0, 24],
        3: [60, 50, -40, -40],
        4: [8, 12, 40, 0.5],
        6: [56, 12, 40.05, 24],  # a rounding's length over the edge is nothing
    }

    def change(content: dict[str, Any]) -> None:
        for place, box in boxes.items():
            content["annotations"][place]["bbox"] = box
        content["annotations"].append(annotation(99, 6, 2, BOXES[1], False))

    edit(pets.folder, change)
    assert found(checked(pets)) == {
        "box_inside": {"train/images/0.png#0": 3, "train/images/0.png#1": 2.5},
        "box_area": {"train/images/1.png#0": 0, "train/images/1.png#1": 0},
        "box_width": {"train/images/1.png#0": 0, "train/images/1.png#1": -40},
        "box_height": {"train/images/1.png#1": -40, "train/images/2.png#0": 0.5},
        "distinct_objects": {"train/images/5.png#2": "#1"},
    }


def test_images_and_files_that_are_wrong(made):
    pets = made("detection")

    def change(content: dict[str, Any]) -> None:
        del content["images"][0], content["annotations"][:4]  # 0 is not listed, 1 has no objects
        content["images"][1].update(width=80, height=96)

    edit(pets.folder, change)
    train, test = pets.folder / "train", pets.folder / "test"
    shutil.copy(train / "images/3.png", test / "images/1.png")
    (test / "images/0.png").write_bytes((test / "images/0.png").read_bytes()[:99])
    shutil.copy(pets.folder / "valid/images/1.png", train / "loose.png")
    (train / "notes.txt").write_text("to be looked at by someone, some day, perhaps")
    text = "not an image: 45 bytes in no format that is read here"
    rows = found(checked(pets))
    damaged = rows["decodes"].pop("test/images/0.png")
    assert damaged.startswith("damaged image: ")
    assert rows == {
        "decodes": {"train/notes.txt": text},
        "in_place": {"train/loose.png": "(none)", "train/notes.txt": "(none)"},
        "listed": {
            "train/images/0.png": "not in train/annotations.json",
            "train/images/2.png": "train/annotations.json says 80 x 96, upright the image is 96 x 80",
        },
        "unique_across_splits": {
            "test/images/1.png": "train/images/3.png",
            "valid/images/1.png": "train/loose.png",
        },
        "annotated": dict.fromkeys(
            ("train/images/0.png", "train/images/1.png", "train/loose.png", "train/notes.txt"), 0
        ),
    }


def test_classes_that_are_unknown_absent_or_rare(made):
    pets = made("detection")
    edit(pets.folder, lambda content: content["categories"][0].update(name="wolf"))
    edit(pets.folder, lambda content: content.update(annotations=content["annotations"][1::2]), "valid")
    assert found(checked(pets)) == {
        "known_label": {f"train/images/{number}.png#0": "wolf" for number in range(6)},
        "class_in_train": {"train/cat": 0},
        "class_present": {"train/cat": 0, "valid/cat": 0},
        "class_balance": {"train/cat": 0, "valid/cat": 0},
    }


def test_a_dataset_that_lost_its_objects_and_one_whose_objects_differ_between_splits(made):
    pets = made("detection")

    def shrink(content: dict[str, Any]) -> None:
        for each in content["annotations"]:
            each["bbox"][2:] = [2, 2]

    edit(pets.folder, shrink, "test")
    rows = found(checked(pets))
    assert rows["size_shift"].keys() == {"test/cat", "test/dog"}
    assert rows["size_shift"]["test/dog"] == pytest.approx(2 / (44 * 48) ** 0.5)
    for split in ("train", "valid", "test"):
        edit(pets.folder, lambda content: content.update(annotations=[]), split)
    result = checked(pets)
    assert {rule.rule for rule in result.rules if rule.refuses} == {"has_objects", "annotated_share", "class_in_train"}
    assert found(result)["annotated_share"] == {"pets": 0}


def test_masks_that_are_wrong_or_disagree_with_their_boxes(made):
    pets = made("instances")
    changes = {
        0: {"bbox": [7, 11, 42, 26]},  # a pixel more on all sides is no matter
        1: {"bbox": [0, 20, 44, 48]},
        2: {"segmentation": None},
        3: {"segmentation": encoded(np.zeros((HEIGHT, WIDTH), np.uint8))},
        4: {"segmentation": encoded(filled(BOXES[0]).T)},
        5: {"segmentation": {"size": [HEIGHT, WIDTH], "counts": "5"}},
    }

    def change(content: dict[str, Any]) -> None:
        for place, values in changes.items():
            content["annotations"][place].update(values)

    edit(pets.folder, change)
    rows = found(checked(pets))
    shared, whole = 6 * 50, 2 * 46 * 50 - 6 * 50  # 44 x 48 wider by a pixel on all sides; 40 pixels apart
    assert rows["mask_box"].pop("train/images/0.png#1") == pytest.approx(shared / whole)
    assert rows["mask_box"].keys() == {"train/images/1.png#1"}
    del rows["mask_box"]
    assert rows == {
        "mask_present": {"train/images/1.png#0": "no mask"},
        "mask_area": {"train/images/1.png#1": 0},
        "mask_readable": {
            "train/images/2.png#0": "the mask's size is [96, 80], the image's [80, 96] (height, width)",
            "train/images/2.png#1": "damaged run lengths: 5 pixels",
        },
    }


def test_label_masks_that_are_wrong(made):
    pets = made("segmentation")
    labels = pets.folder / "train" / "labels"
    (labels / "0.png").unlink()
    shutil.copy(labels / "1.png", labels / "of-no-image.png")
    Image.open(labels / "1.png").convert("RGB").save(labels / "1.png")
    Image.open(labels / "2.png").rotate(90, expand=True).save(labels / "2.png")
    paint(pets.folder, lambda values: values.put([100, 200], [3, 254]), "train/labels/3.png")
    paint(pets.folder, lambda values: values.fill(255), "train/labels/4.png")
    for number in (0, 1):
        paint(pets.folder, lambda values: values.put(np.flatnonzero(values == 1), 0), f"test/labels/{number}.png")
    image = "train/images/"
    assert found(checked(pets)) == {
        "in_place": {"train/labels/of-no-image.png": "labels"},
        "mask_present": {f"{image}0.png": "nothing of its name in labels/"},
        "mask_readable": {f"{image}1.png": "pixel format RGB: a label mask holds classes as 8-bit palette or grey"},
        "mask_size": {f"{image}2.png": "the mask is 80 x 96, upright the image is 96 x 80"},
        "mask_values": {f"{image}3.png": "3 254"},
        "mask_labelled": {f"{image}4.png": 0},
        "class_present": {"test/cat": 0},
        "class_balance": {"test/cat": 0},
        "class_pixels": {"test/cat": 0},
    }


@pytest.mark.parametrize("kind", ["detection", "instances", "segmentation"])
def test_each_kind_has_its_counts_its_bounds_and_a_revision_of_every_byte(made, kind):
    pets = made(kind)
    result = checked(pets)
    assert result.success
    assert result.suite == f"{kind}.json"
    assert result.files == 10
    assert result.counts.loc["cat"].to_dict() == {"train": 6, "valid": 2, "test": 2}
    assert result.counted == ("images" if kind == "segmentation" else "objects")
    assert {bound.rule for bound in result.bounds} == {
        "width", "height", "mode", "file_size", "brightness_mean", "brightness_deviation",
    }  # fmt: skip
    assert result.revision == revision(pets)


@pytest.mark.parametrize("kind", ["detection", "segmentation"])
def test_a_dataset_without_files_and_one_that_never_decodes(made, kind):
    pets = made(kind)
    for path in pets.folder.glob("*/images/*.png"):
        path.write_bytes(b"\x89PNG" * 20)
    refusing = {rule.rule for rule in checked(pets).rules if rule.refuses}
    assert refusing == {"decodes", "unique_across_splits"}
    for split in ("train", "valid", "test"):
        shutil.rmtree(pets.folder / split)
    result = checked(pets)
    refusing = {rule.rule for rule in result.rules if rule.refuses}
    assert refusing >= {"not_empty", "class_in_train"}
    assert "not_empty (pets: 0)" in result.refusal()


def test_annotations_that_cannot_be_read_are_one_line(made):
    pets = made("detection")
    (pets.folder / "train" / "annotations.json").write_text("{")
    with pytest.raises(TataraError, match="train/annotations.json: not COCO's JSON"):
        checked(pets)


def test_the_page_draws_the_failing_box_wherever_it_lies(made, tmp_path: Path):
    pets = made("detection")

    def change(content: dict[str, Any]) -> None:
        content["annotations"][0]["bbox"] = [80, 12, 19, 24]
        content["annotations"][2]["bbox"] = [-1e12, 5, 3e12, 1e9]
        content["annotations"][4]["bbox"] = [500, 500, -20, 3]

    edit(pets.folder, change)
    result = checked(pets)
    write_report(result, pets, tmp_path / "report")
    page = (tmp_path / "report" / "data_docs" / "index.html").read_text()
    for name in ("train/images/0.png#0", "train/images/1.png#0", "train/images/2.png#0"):
        assert f'alt="{name}"' in page
    assert "Objects by class and split" in page
    assert lines(result)[0] == "critical  train/images/0.png#0  box_inside  3"
    csv = (tmp_path / "report" / "failing.csv").read_text().splitlines()
    assert csv[1] == "train/images/0.png#0,box_inside,critical,3"


def test_the_stage_keeps_the_objects_for_training(made, tmp_path: Path):
    made("instances")
    workspace = Workspace(tmp_path / "run")
    validate.run(workspace, resolve("instances", {"data": "pets"}))
    folder = workspace.folder("validate")
    assert read_json(folder / "result.json")["success"]
    stored = pandas.read_parquet(folder / "objects.parquet")
    pandas.testing.assert_frame_equal(stored, build_objects(open_dataset("pets")), check_dtype=False)


def test_a_rule_on_a_table_that_the_kind_does_not_have_is_named(made):
    pets = made("segmentation")
    own = Path("pipelines/validation/suites")
    shutil.copytree(Path(__file__).parents[3] / own, own)
    rule = {
        "type": "expect_column_values_to_be_null",
        "kwargs": {"column": "rle"},
        "meta": {"rule": "r", "table": "objects"},
    }
    (own / "segmentation.pets.json").write_text(json.dumps({"expectations": [rule]}))
    with pytest.raises(TataraError, match="rule 'r': the dataset has no table 'objects'"):
        checked(pets)


def test_the_embedded_scenes_are_fit_to_train_on(module_project):
    scenes = open_dataset("scenes")
    result = check(scenes, build_index(scenes))
    assert result.success
    assert result.suite == "instances.json + instances.scenes.json"
    assert result.failing.empty
