"""PASCAL VOC comes in: layouts, boxes, splits; and what is refused in one line, or left out by a repair."""

from pathlib import Path

import pytest

from tatara.core.errors import UsageError
from tests.pipelines.datasets.annotated_sets import bring, truncated_jpeg, voc_set, write_xml
from tests.pipelines.datasets.images import write_image

pytestmark = pytest.mark.usefixtures("empty_project")


def test_pixels_counted_from_one_become_edges(tmp_path: Path) -> None:
    source = voc_set(tmp_path / "source")
    boxes = [
        ("cat", 1, 1, 12, 10),  # the whole image
        ("cat", 2, 3, 5, 7),
        ("dog", "1.5", "2.25", "3.5", "4"),
        ("dog", 0, 0, 4, 4),  # a tool that counts from 0
        ("dog", 5, 5, 5, 5),  # a click without a drag
        ("dog", 5, 2, 4, 6),
        ("cat", -3, 1, 14, 10),
    ]
    write_xml(source / "annotations" / "0.xml", "0.png", boxes)
    brought = bring(source, tmp_path / "out")
    assert brought.objects()["0.png"] == [
        ("cat", 0, 0, 12, 10), ("cat", 1, 2, 5, 7), ("dog", 0.5, 1.25, 3.5, 4), ("dog", 0, 0, 4, 4),
        ("dog", 4, 4, 4, 4), ("dog", 4, 1, 3, 6), ("cat", -4, 0, 14, 10),
    ]  # fmt: skip
    assert (brought.description.kind, brought.description.format) == ("detection", "coco")
    assert brought.description.classes == ("cat", "dog")
    again = bring(source, tmp_path / "again")
    for split in ("train", "valid", "test"):
        path = f"{split}/annotations.json"
        assert (again.folder / path).read_bytes() == (brought.folder / path).read_bytes()


def test_the_classic_layout_with_its_lists(tmp_path: Path) -> None:
    root = tmp_path / "VOC"
    for number, name in enumerate(["a", "b b", "手", "listed nowhere"]):
        write_image(root / "VOC2012" / "JPEGImages" / f"{name}.png", number)
        write_xml(root / "VOC2012" / "Annotations" / f"{name}.xml", f"{name}.png", [("cat", 1, 1, 5, 5)])
    lists = root / "VOC2012" / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for name, text in [
        ("train", "a\n"),
        ("val", "b b\n"),
        ("test", "手\n"),
        ("trainval", "a\nb b\n"),
        ("cat_train", "a 1"),
    ]:
        (lists / f"{name}.txt").write_text(text)
    brought = bring(root, tmp_path / "out")
    assert brought.split_of() == {"a.png": "train", "b b.png": "valid", "手.png": "test"}
    assert set(brought.description.splits.values()) == {"given"}


def test_files_beside_each_other_in_folders_of_splits(tmp_path: Path) -> None:
    for number, split in enumerate(["train", "train", "valid", "test"]):
        write_image(tmp_path / "s" / split / f"{number}.png", number)
        write_xml(tmp_path / "s" / split / f"{number}.xml", f"{number}.png", [("cat", 1, 1, 5, 5)])
    brought = bring(tmp_path / "s", tmp_path / "out")
    assert brought.split_of() == {"0.png": "train", "1.png": "train", "2.png": "valid", "3.png": "test"}


def test_two_images_of_one_name_find_their_own_annotations(tmp_path: Path) -> None:
    source = voc_set(tmp_path / "source", 3)
    for number, place in enumerate(["left", "right"]):
        write_image(source / "images" / place / "x.png", 50 + number)
        write_xml(source / "annotations" / place / "x.xml", "x.png", [(place, 1, 1, 5, 5)])
    brought = bring(source, tmp_path / "out")
    twins = {path: own for path, own in brought.objects_of_files().items() if path.name.startswith("x")}
    assert len(twins) == 2
    for path, ((label, *_),) in twins.items():
        assert path.read_bytes() == (source / "images" / label / "x.png").read_bytes()


def test_difficult_objects_become_crowd_and_images_without_annotation_stay(tmp_path: Path) -> None:
    source = voc_set(tmp_path / "source")
    write_image(source / "images" / "bare.png", 90)
    write_image(source / "logo.png", 91)
    write_xml(source / "annotations" / "0.xml", "0.png", [("cat", 1, 1, 5, 5)], extra="<difficult>1</difficult>")
    brought = bring(source, tmp_path / "out")
    assert brought.objects()["bare.png"] == []
    assert "logo.png" not in brought.objects()
    note = f"1 image(s) without an XML file show no object, first {source}/images/bare.png"
    assert brought.filled.notes == [note]
    crowd = [one["iscrowd"] for split in ("train", "valid", "test") for one in brought.content(split)["annotations"]]
    assert sum(crowd) == 1


def broken_xml(source: Path) -> None:
    (source / "annotations" / "1.xml").write_text("<annotation><object>")


def empty_xml(source: Path) -> None:
    (source / "annotations" / "1.xml").write_text("")


def no_image(source: Path) -> None:
    write_xml(source / "annotations" / "gone.xml", "gone.png", [("cat", 1, 1, 5, 5)])


def no_box(source: Path) -> None:
    write_xml(source / "annotations" / "1.xml", "1.png", [("cat", "left", 1, 5, 5)])


def nan_box(source: Path) -> None:
    write_xml(source / "annotations" / "1.xml", "1.png", [("cat", "nan", 1, 5, 5)])


def other_size(source: Path) -> None:
    write_xml(source / "annotations" / "1.xml", "1.png", [("cat", 1, 1, 5, 5)], size=(24, 20))


def cut_image(source: Path) -> None:
    truncated_jpeg(source / "images" / "cut.jpg")


def list_of_missing(source: Path) -> None:
    (source / "ImageSets" / "Main").mkdir(parents=True)
    (source / "ImageSets" / "Main" / "train.txt").write_text("0\n1\n2\n3\n4\n5\n77\n")


def lists_that_overlap(source: Path) -> None:
    (source / "ImageSets" / "Main").mkdir(parents=True)
    (source / "ImageSets" / "Main" / "train.txt").write_text("0\n1\n2\n3\n")
    (source / "ImageSets" / "Main" / "test.txt").write_text("3\n4\n5\n")


@pytest.mark.parametrize(
    ("spoil", "expected", "left"),
    [
        (broken_xml, "1.xml: not XML", 6),
        (empty_xml, "1.xml: not XML", 6),
        (no_image, "gone.xml: no image of that name", 6),
        (no_box, "1.xml: object 0 has no box", 6),
        (nan_box, "1.xml: object 0 has no box", 6),
        (other_size, "1.png: is 12x10 pixels, its annotation is for 24x20", 5),
        (cut_image, "cut.jpg: damaged image", 6),
        (list_of_missing, "train.txt: '77', of which there is no image", 6),
        (lists_that_overlap, "train.txt: '3', which is in the list of test too", 6),
    ],
)
def test_what_cannot_be_read_is_refused_or_left_out(tmp_path: Path, spoil, expected: str, left: int) -> None:
    spoil(source := voc_set(tmp_path / "source"))
    with pytest.raises(UsageError) as caught:
        bring(source, tmp_path / "out")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "repair=true" in str(caught.value) or "skip_broken=true" in str(caught.value)
    brought = bring(source, tmp_path / "mended", repair=True)
    assert len(brought.objects()) == left
    assert any(expected in line for line in [*brought.changes, *brought.filled.left_out])


def test_classes_fix_the_order_and_refuse_others(tmp_path: Path) -> None:
    source = voc_set(tmp_path / "source")
    assert bring(source, tmp_path / "one", classes=("dog", "bird", "cat")).description.classes == ("dog", "bird", "cat")
    with pytest.raises(UsageError, match="objects of class 'dog', which classes= does not name"):
        bring(source, tmp_path / "two", classes=("cat",))
    brought = bring(source, tmp_path / "three", classes=("cat",), repair=True)
    assert {label for own in brought.objects().values() for label, *_ in own} == {"cat"}
    assert sum("(dog): dropped, of no class in classes=" in line for line in brought.changes) == 3


def test_kinds_that_boxes_cannot_be(tmp_path: Path) -> None:
    source = voc_set(tmp_path / "source")
    for kind in ("instances", "segmentation"):
        with pytest.raises(UsageError, match=f"not a dataset of {kind}, which is"):
            bring(source, tmp_path / "out", kind=kind)
    with pytest.raises(UsageError, match="kind=poetry: none of classification, detection"):
        bring(source, tmp_path / "out", kind="poetry")
