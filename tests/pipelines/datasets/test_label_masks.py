"""Label masks come in: which image has which, what their values mean; and what is refused, or left out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.datasets.label_values import classes_and_table
from pipelines.datasets.mask_pairs import pairs
from tatara.core.errors import UsageError
from tests.pipelines.datasets.annotated_sets import bring, truncated_jpeg, write_mask
from tests.pipelines.datasets.images import write_image

pytestmark = pytest.mark.usefixtures("empty_project")

ROWS = np.zeros((10, 12), np.uint8)
ROWS[:5, :6] = 1
ROWS[9] = 3


def mask_set(root: Path, rows: Any = ROWS, images: str = "images", masks: str = "labels", count: int = 4) -> Path:
    for number in range(count):
        write_image(root / images / f"{number}.png", number)
        write_mask(root / masks / f"{number}.png", rows)
    return root


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("train/a.png", "trainannot/a.png"),
        ("images/a.jpg", "labels/a.png"),
        ("img/val/a b.jpg", "mask/val/a b.png"),
        ("val/Images/a.jpg", "val/Masks/a.png"),
        ("train/猫.jpg", "train_masks/猫_mask.gif"),
        ("images_prepped_train/a.png", "annotations_prepped_train/a.png"),
        ("JPEGImages/a.jpg", "SegmentationClass/a.png"),
        ("all/a.jpg", "all/a_mask.png"),
        ("images/0001_f1.png", "labels/0001_f1_L.png"),
    ],
)
def test_names_that_pair(image: str, mask: str) -> None:
    assert pairs([image, mask]) == {image: mask}


@pytest.mark.parametrize(
    "files",
    [
        ["cat/0.png", "dog/0.png"],
        ["images/a.png", "labels/b.png"],
        ["mask/0.png", "no_face/0.png"],
        ["a/x.png", "a/y.png"],
    ],
)
def test_names_that_do_not(files: list[str]) -> None:
    assert pairs(files) == {}


def test_values_are_the_classes(tmp_path: Path) -> None:
    brought = bring(mask_set(tmp_path / "s"), tmp_path / "out")
    assert (brought.description.kind, brought.description.format) == ("segmentation", "label-masks")
    assert brought.description.classes == ("class 0", "class 1", "class 3")
    assert brought.labels("train", "0" if "0.png" in brought.split_of() else "1")[9] == [2] * 12
    named = bring(mask_set(tmp_path / "s"), tmp_path / "named", classes=("sky", "tree", "car", "road"))
    split = named.split_of()["2.png"]
    assert named.labels(split, "2") == ROWS.tolist()
    assert named.filled.counts["train"] == {"sky": 2, "tree": 2, "car": 0, "road": 2}


@pytest.mark.parametrize(
    ("present", "names", "ignore", "classes", "moved"),
    [
        ({0, 255}, None, None, ("class 0", "class 255"), {0: 0, 255: 1}),
        ({0, 255}, ("membrane", "cell"), None, ("membrane", "cell"), {0: 0, 255: 1}),
        ({0, 1, 255}, None, None, ("class 0", "class 1"), {1: 1, 255: 255}),
        ({0, 1, 2}, None, 2, ("class 0", "class 1"), {1: 1, 2: 255}),
        ({0, 1, 2, 11}, ("a", "b", "c"), 11, ("a", "b", "c"), {2: 2, 11: 255}),
        ({0, 5}, ("a", "b", "c"), None, ("a", "b", "c"), {0: 0, 5: 5}),
        ({50, 100, 150}, ("a", "b", "c"), None, ("a", "b", "c"), {50: 0, 100: 1, 150: 2}),
        ({0, 2}, ("a", "b", "c"), None, ("a", "b", "c"), {0: 0, 2: 2}),
        ({0, 1, 9}, ("a", "b", "c"), None, ("a", "b", "c"), {0: 0, 1: 1, 9: 9}),
        ({0, 1, 255}, None, 0, ("class 1",), {0: 255, 1: 0, 255: 255}),
        ({0, 255}, None, 255, ("class 0",), {0: 0, 255: 255}),
    ],
)
def test_what_a_value_means(present: Any, names: Any, ignore: Any, classes: Any, moved: dict[int, int]) -> None:
    found, table = classes_and_table(present, names, ignore)
    assert found == classes
    assert {value: int(table[value]) for value in moved} == moved


@pytest.mark.parametrize(
    ("present", "names", "ignore", "expected"),
    [
        ({0, 255}, ("cell",), None, "0 and 255, which need two names"),
        ({7}, None, 7, "nothing but values that are left out"),
        (range(100), None, None, "100 different values, as pictures do"),
    ],
)
def test_values_that_mean_nothing(present: Any, names: Any, ignore: Any, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        classes_and_table(set(present), names, ignore)


def test_palettes_levels_and_one_bit(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "s")
    write_mask(source / "labels" / "0.png", ROWS, palette=True)
    Image.fromarray(np.stack([ROWS] * 3, 2)).save(source / "labels" / "1.png")
    Image.fromarray(ROWS.astype(np.uint16)).save(source / "labels" / "2.png")
    (source / "labels" / "3.png").unlink()
    Image.fromarray(ROWS == 1).save(source / "labels" / "3.bmp")
    brought = bring(source, tmp_path / "out", classes=("a", "b", "c", "d"))
    splits = brought.split_of()
    for stem in ("0", "1", "2"):
        assert brought.labels(splits[f"{stem}.png"], stem) == ROWS.tolist()
    assert brought.labels(splits["3.png"], "3") == (ROWS == 1).astype(int).tolist()


def test_given_splits_names_from_a_file_and_folders_without_masks(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "s", images="train", masks="trainannot")
    mask_set(source, images="val", masks="valannot", count=1)
    write_image(source / "test" / "9.png", 9)
    (source / "classes.txt").write_text("0 sky\n1 tree\n3 road\n")
    brought = bring(source, tmp_path / "out")
    assert brought.description.classes == ("sky", "tree", "class 2", "road")
    assert brought.filled.files["valid"] == 1
    assert brought.description.splits["valid"] == "given"
    assert "9.png" not in brought.split_of()


def test_vocs_segmentation_takes_the_images_that_are_segmented(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "s", images="JPEGImages", masks="SegmentationClass")
    write_image(source / "JPEGImages" / "more.png", 60)
    lists = source / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    for name, text in (("train", "0\n1\n"), ("val", "2\n"), ("test", "3\n")):
        (lists / f"{name}.txt").write_text(text)
    brought = bring(source, tmp_path / "out")
    assert brought.split_of() == {"0.png": "train", "1.png": "train", "2.png": "valid", "3.png": "test"}


def test_an_image_without_a_mask_and_a_value_without_a_class_are_for_validation_to_find(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "s", count=6)
    (source / "labels" / "5.png").unlink()
    write_mask(source / "labels" / "0.png", np.where(ROWS == 0, 9, ROWS))
    write_mask(source / "labels" / "1.png", np.full((10, 12), 9))
    brought = bring(source, tmp_path / "out", classes=("a", "b", "c", "d"))
    splits = brought.split_of()
    assert brought.labels(splits["0.png"], "0")[0] == [1] * 6 + [9] * 6
    assert not (brought.folder / splits["5.png"] / "labels" / "5.png").exists()
    mended = bring(source, tmp_path / "mended", classes=("a", "b", "c", "d"), repair=True)
    assert "5.png" not in mended.split_of()
    assert mended.labels(mended.split_of()["0.png"], "0")[0] == [1] * 6 + [255] * 6
    assert [line.rsplit("/", 1)[1] for line in mended.changes] == [
        "5.png: no mask: left out", "0.png: 78 pixels of value 9, no class: ignored",
        "1.png: 120 pixels of value 9, no class: ignored", "1.png: every pixel of its mask is ignored: left out",
    ]  # fmt: skip


COLOURS = np.array([(0, 0, 0), (128, 64, 128), (9, 9, 9), (0, 128, 192)], np.uint8)
"""By the values of ROWS; the third does not occur."""


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("class_dict.csv", "name,r,g,b\nVoid,0,0,0\nroad,128,64,128\nCar,9,9,9\nbike,0,128,192\n"),
        ("label_colors.txt", "0 0 0\tVoid\n128 64 128\t\troad\n9 9 9 Car\n0 128 192 bike\n"),
        (
            "labelmap.txt",
            "# label:color_rgb:parts:actions\nunlabelled:0,0,0::\nroad:128,64,128::\nCar:9,9,9::\nbike:0,128,192::",
        ),
    ],
)
def test_colours_are_the_classes_that_a_file_says(tmp_path: Path, file: str, text: str) -> None:
    source = mask_set(tmp_path / "s")
    for number in range(4):
        Image.fromarray(COLOURS[ROWS]).save(source / "labels" / f"{number}.png")
    Image.fromarray(COLOURS[ROWS]).convert("RGBA").save(source / "labels" / "1.png")
    (source / file).write_text(text)
    brought = bring(source, tmp_path / "out")
    assert brought.description.classes == ("road", "Car", "bike")
    for stem in "01":
        labels = brought.labels(brought.split_of()[f"{stem}.png"], stem)
        assert labels[0] == [0] * 6 + [255] * 6
        assert labels[9] == [2] * 12
    Image.fromarray(np.where(COLOURS[ROWS] == 64, 65, COLOURS[ROWS])).save(source / "labels" / "2.png")
    with pytest.raises(
        UsageError,
        match=r"2.png has 30 pixels of no class, most of colour 128,65,128; mend it, or leave the whole image",
    ):
        bring(source, tmp_path / "strange")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name,r,g,b\nVoid,0,0,0\n", "is a class and its colour"),
        ("a,1,2,3\nb,1,2,3\n", "'b' has the colour of another"),
    ],
)
def test_files_of_colours_that_name_none_or_one_twice_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    source = mask_set(tmp_path / "s")
    (source / "class_dict.csv").write_text(text)
    with pytest.raises(UsageError, match=expected):
        bring(source, tmp_path / "out")


def test_cityscapes_ids_become_its_nineteen_classes(tmp_path: Path) -> None:
    source = tmp_path / "s"
    for split, count in (("train", 2), ("val", 1), ("test", 1)):
        for number in range(count):
            name = f"{split}/ulm/ulm_00000{number}_000019"
            write_image(source / "leftImg8bit" / f"{name}_leftImg8bit.png", number + 10 * len(split))
            write_mask(source / "gtFine" / f"{name}_gtFine_labelIds.png", np.where(ROWS == 0, 3, ROWS + 6))
            write_mask(source / "gtFine" / f"{name}_gtFine_instanceIds.png", ROWS)
            (source / "gtFine" / f"{name}_gtFine_polygons.json").write_text('{"objects": []}')
    brought = bring(source, tmp_path / "out")
    assert brought.description.classes[:2] == ("road", "sidewalk")
    assert len(brought.description.classes) == 19
    assert brought.description.splits["valid"] == "given"
    assert brought.filled.files["train"] == 1  # one of the two becomes test, whose own masks are not published
    stem = "ulm_000000_000019_leftImg8bit"
    labels = brought.labels(brought.split_of()[f"{stem}.png"], stem)
    assert labels[0] == [0] * 6 + [255] * 6  # id 7 is road, 3 out of the region of interest
    assert labels[9] == [255] * 12  # id 9 is parking, which the benchmark leaves out


def other_size(source: Path) -> None:
    write_mask(source / "labels" / "1.png", np.zeros((5, 6)))


def broken(source: Path) -> None:
    (source / "labels" / "1.png").write_bytes((source / "labels" / "1.png").read_bytes()[:60])


def colours(source: Path) -> None:
    write_image(source / "labels" / "1.png", 7)


def deep(source: Path) -> None:
    Image.fromarray(ROWS.astype(np.uint16) * 1000).save(source / "labels" / "1.png")


def no_image(source: Path) -> None:
    (source / "images" / "1.png").unlink()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (other_size, "1.png: is 12x10 pixels, its annotation is for 6x5"),
        (broken, "1.png: its mask"),
        (colours, "is in colours; put a class_dict.csv"),
        (deep, "has values up to 3000"),
        (no_image, "labels/1.png: a mask without an image"),
    ],
)
def test_what_cannot_be_read_is_refused_or_left_out(tmp_path: Path, spoil: Any, expected: str) -> None:
    spoil(source := mask_set(tmp_path / "s", count=9))
    with pytest.raises(UsageError) as caught:
        bring(source, tmp_path / "out", kind="segmentation")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "repair=true" in str(caught.value)
    brought = bring(source, tmp_path / "mended", repair=True, kind="segmentation")
    assert len(brought.changes) == 1
    assert len(brought.split_of()) == 8


def test_masks_that_lose_are_refused(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "s", images="a/images", masks="a/masks")
    truncated_jpeg(source / "a" / "masks" / "4.jpg")
    write_image(source / "a" / "images" / "4.png", 4)
    with pytest.raises(UsageError, match=r"4.jpg: a label mask as JPG, which changes its values"):
        bring(source, tmp_path / "out", kind="segmentation")
