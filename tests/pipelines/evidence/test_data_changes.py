"""What was added, removed, relabelled and moved between two revisions, by content."""

from pathlib import Path

import pandas
import pytest
from PIL import Image

from pipelines.evidence.change_sheet import save_change_sheet, with_pictures
from pipelines.evidence.data_changes import LISTED, DataChanges, data_changes
from tatara.core.files import sha256_file

HEAD = ["path", "split", "label", "digest"]


def _validated(folder: Path, rows: list[tuple[str, ...]], objects: list[tuple[object, ...]] | None = None) -> Path:
    folder.mkdir(parents=True)
    pandas.DataFrame(rows, columns=HEAD[: len(rows[0])] + ["mask_digest"] * (len(rows[0]) - 4)).to_parquet(
        folder / "index.parquet"
    )
    if objects is not None:
        columns = ["path", "label", "x_min", "y_min", "x_max", "y_max", "crowd", "rle"]
        pandas.DataFrame(objects, columns=columns).to_parquet(folder / "objects.parquet")
    return folder


@pytest.fixture
def labelled(tmp_path: Path) -> DataChanges:
    before = [("train/a/1.png", "train", "a", "1"), ("train/a/2.png", "train", "a", "2"),
              ("test/b/3.png", "test", "b", "3"), ("test/b/4.png", "test", "b", "4")]  # fmt: skip
    now = [("train/a/renamed.png", "train", "a", "1"), ("train/b/2.png", "train", "b", "2"),
           ("train/b/3.png", "train", "b", "3"), ("valid/a/5.png", "valid", "a", "5")]  # fmt: skip
    return data_changes(_validated(tmp_path / "n", now), _validated(tmp_path / "o", before), "new", "old")


def test_changes_of_labelled_images(labelled: DataChanges) -> None:
    assert labelled.counts == {"added": 1, "removed": 1, "relabelled": 1, "moved": 1, "same": 1}
    (relabelled,), (moved,) = labelled.changes["relabelled"], labelled.changes["moved"]
    assert (relabelled.path, relabelled.before, relabelled.labels) == ("train/b/2.png", "a", "b")
    assert (moved.before_split, moved.split) == ("test", "train")
    assert [one.path for one in labelled.changes["removed"]] == ["test/b/4.png"]
    assert labelled.changes["added"][0].before is None
    assert labelled.by_split == {"test": (2, 0), "train": (2, 3), "valid": (0, 1)}
    assert labelled.by_class == {"a": (2, 2), "b": (2, 2)}
    assert (labelled.revision, labelled.before) == ("new", "old")


def test_changes_of_objects_and_of_masks(tmp_path: Path) -> None:
    rows = [("test/1.png", "test", "", "1"), ("test/2.png", "test", "", "2")]
    box = ("test/1.png", "cat", 0.0, 0.0, 5.0, 5.0, False, None)
    other = ("test/1.png", "cat", 0.0, 0.0, 6.0, 5.0, False, None)
    dog = ("test/2.png", "dog", 0.0, 0.0, 5.0, 5.0, False, None)
    folders = [_validated(tmp_path / str(at), rows, objects) for at, objects in
               enumerate(([box, dog], [dog, box], [other, dog]))]  # fmt: skip
    assert data_changes(folders[1], folders[0], "", "").counts["relabelled"] == 0
    moved = data_changes(folders[2], folders[0], "", "")
    assert [one.path for one in moved.changes["relabelled"]] == ["test/1.png"]
    assert moved.changes["relabelled"][0].labels == "1 cat"
    assert moved.by_class == {"cat": (1, 1), "dog": (1, 1)}
    masks = [_validated(tmp_path / f"m{mask}", [("test/1.png", "test", "", "1", mask)]) for mask in ("first", "second")]
    assert data_changes(masks[1], masks[0], "", "").counts["relabelled"] == 1


def test_of_many_changes_some_are_named_and_all_are_counted(tmp_path: Path) -> None:
    few = [("train/a/0.png", "train", "a", "0")]
    many = [(f"train/a/{at}.png", "train", "a", str(at)) for at in range(200)]
    found = data_changes(_validated(tmp_path / "n", many), _validated(tmp_path / "o", few), "", "")
    assert found.counts["added"] == 199
    assert len(found.changes["added"]) == LISTED


def test_the_sheet_shows_what_still_lies_there_under_its_digest(tmp_path: Path) -> None:
    (tmp_path / "data" / "train").mkdir(parents=True)
    Image.new("RGB", (20, 12), "red").save(tmp_path / "data" / "train" / "1.png")
    digest = sha256_file(tmp_path / "data" / "train" / "1.png")
    before = _validated(tmp_path / "o", [("train/0.png", "train", "a", "0")])
    now = _validated(tmp_path / "n", [("train/1.png", "train", "a", digest), ("train/2.png", "train", "a", "2")])
    path = tmp_path / "sheet.png"
    assert save_change_sheet(data_changes(now, before, "", ""), tmp_path / "data", path)
    with Image.open(path) as sheet:
        assert (255, 0, 0) in {colour for _, colour in sheet.convert("RGB").getcolors(1 << 20) or []}
    path.unlink()
    other = _validated(tmp_path / "x", [("train/1.png", "train", "a", "changed since")])
    assert not save_change_sheet(data_changes(other, before, "", ""), tmp_path / "data", path)
    assert not path.exists()


def test_each_change_has_a_small_picture_where_the_dataset_still_has_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "data" / "train").mkdir(parents=True)
    for name, colour in (("1", "red"), ("2", "blue")):
        Image.new("RGB", (400, 200), colour).save(tmp_path / "data" / "train" / f"{name}.png")
    digest = sha256_file(tmp_path / "data" / "train" / "1.png")
    before = _validated(tmp_path / "o", [("train/0.png", "train", "a", "0")])
    now = _validated(tmp_path / "n", [("train/1.png", "train", "a", digest), ("train/2.png", "train", "a", "changed")])
    found = with_pictures(data_changes(now, before, "", ""), tmp_path / "data", tmp_path / "check")
    assert {one.path: one.picture for one in found.changes["added"]} == {
        "train/1.png": f"changes/{digest[:16]}.png", "train/2.png": None,
    }  # fmt: skip
    assert [one.picture for one in found.changes["removed"]] == [None]
    with Image.open(tmp_path / "check" / "changes" / f"{digest[:16]}.png") as picture:
        assert (picture.size, picture.convert("RGB").getpixel((5, 5))) == ((160, 80), (255, 0, 0))
