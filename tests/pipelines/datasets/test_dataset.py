"""dataset.yaml and names: what is taken, and the one line that says why something is not."""

from pathlib import Path

import pytest
import yaml

from pipelines.datasets.dataset import DESCRIPTION, dataset_names, legal_name, open_dataset, read_description
from tatara.core.errors import TataraError, UsageError

GOOD = {
    "modality": "image",
    "kind": "classification",
    "format": "image-folder",
    "classes": ["husky", "bus"],
    "splits": {"train": "given", "valid": "given", "test": "given"},
    "licence": "CC0",
    "source": "a test",
    "hierarchy": {"husky": ["animal", "dog"], "bus": ["vehicle"]},
}


def test_a_good_description_is_read(tmp_path: Path) -> None:
    (tmp_path / DESCRIPTION).write_text(yaml.safe_dump(GOOD))
    description = read_description(tmp_path / DESCRIPTION)
    assert description.classes == ("husky", "bus")
    assert description.hierarchy == {"husky": ["animal", "dog"], "bus": ["vehicle"]}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"license": "x"}, "license"),
        ({"kind": "poetry"}, "kind"),
        ({"classes": ["husky"]}, "classes"),
        ({"classes": [1, 2]}, "classes.0"),
        ({"classes": ["a/b", "c"]}, "classes: class 'a/b'"),
        ({"kind": "detection"}, "format of kind detection is coco, not image-folder"),
        ({"kind": "instances", "format": "label-masks", "classes": ["x"]}, "is coco, not label-masks"),
        ({"kind": "detection", "format": "coco", "classes": ["a\nb"]}, "classes: class"),
        ({"kind": "detection", "format": "coco", "classes": []}, "classes"),
        ({"classes": ["bus", "bus"]}, "repeat"),
        ({"splits": {"train": "given"}}, "train, valid, test"),
        ({"hierarchy": {"husky": ["dog"]}}, "'bus'"),
        ({"licence": ""}, "licence"),
    ],
)
def test_a_wrong_field_is_named_in_one_line(tmp_path: Path, change: dict[str, object], expected: str) -> None:
    (tmp_path / DESCRIPTION).write_text(yaml.safe_dump({**GOOD, **change}))
    with pytest.raises(TataraError, match=expected) as caught:
        read_description(tmp_path / DESCRIPTION)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / DESCRIPTION) in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "form"), [("detection", "coco"), ("instances", "coco"), ("segmentation", "label-masks")]
)
def test_kinds_of_objects_and_pixels_may_have_one_class_that_names_no_folder(
    tmp_path: Path, kind: str, form: str
) -> None:
    values = {**GOOD, "kind": kind, "format": form, "classes": ["car/van: か\u3099"], "hierarchy": None}
    (tmp_path / DESCRIPTION).write_text(yaml.safe_dump(values))
    assert read_description(tmp_path / DESCRIPTION).classes == ("car/van: が",)


def test_pairs_of_images_have_no_classes(tmp_path: Path) -> None:
    values = {**GOOD, "kind": "image", "format": "image-pairs", "hierarchy": None}
    (tmp_path / DESCRIPTION).write_text(
        yaml.safe_dump({name: one for name, one in values.items() if name != "classes"})
    )
    assert read_description(tmp_path / DESCRIPTION).classes == ()
    (tmp_path / DESCRIPTION).write_text(yaml.safe_dump(values))
    with pytest.raises(TataraError, match="classes: kind image has no classes"):
        read_description(tmp_path / DESCRIPTION)


@pytest.mark.parametrize("text", ["classes: [a, b", "", "- 1", "\x00"])
def test_what_is_no_yaml_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / DESCRIPTION).write_text(text)
    with pytest.raises(TataraError) as caught:
        read_description(tmp_path / DESCRIPTION)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a/b", "..", ".x", "a\nb", "a\\b", " a", "a:b", "x" * 201, "あ" * 67])
def test_names_that_cannot_be_folders_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        legal_name(name)


def test_names_in_japanese_and_with_spaces_are_fine_and_composed() -> None:
    assert legal_name("手書き 数字") == "手書き 数字"
    assert legal_name("か\u3099") == "が"


def test_open_names_the_nearest(tiny_project: Path) -> None:
    assert dataset_names() == ["tiny"]
    assert open_dataset("tiny").folder == tiny_project / "data" / "tiny"
    with pytest.raises(UsageError, match="did you mean 'tiny'"):
        open_dataset("tin")
    with pytest.raises(UsageError, match="tatara data list"):
        open_dataset("flowers")
    with pytest.raises(UsageError, match=r"dataset '\.\./tiny'"):
        open_dataset("../tiny")
