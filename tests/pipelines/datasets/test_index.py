"""The index: measurements against hand-computed ones, bad files as rows, and no more work than what changed."""

import io
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.index import COLUMNS, MASK_COLUMNS, build_index
from pipelines.datasets.measuring import difference_hash
from pipelines.datasets.revision import indexed_revision, revision
from tatara.core.errors import TataraError
from tatara.core.files import sha256_file
from tests.pipelines.datasets.images import write_dataset, write_image
from tests.pipelines.validation.annotated import make_annotated, paint


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("TATARA_HOME", str(tmp_path / "state"))
    return write_dataset(tmp_path / "data" / "mine")


def row_of(index: pandas.DataFrame, path: str) -> pandas.Series:
    (position,) = index.index[index["path"] == path]
    return index.loc[position]


def stored_index(tmp_path: Path) -> Path:
    (path,) = (tmp_path / "state" / "cache" / "index").rglob("*.parquet")
    return path


def test_measurements_worked_out_by_hand(dataset: Dataset) -> None:
    file = dataset.folder / "train" / "a" / "known.png"
    Image.fromarray(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8)).save(file)
    index = build_index(dataset)
    assert tuple(index.columns) == COLUMNS["image"]
    assert index["path"].is_monotonic_increasing
    assert index.index.equals(pandas.RangeIndex(13))
    row = row_of(index, "train/a/known.png")
    red, blue = 0.299 * 255, 0.114 * 255
    assert (row["split"], row["label"], row["mode"]) == ("train", "a", "RGB")
    assert (row["width"], row["height"], row["bytes"]) == (2, 1, file.stat().st_size)
    assert row["digest"] == sha256_file(file)
    assert row["decode_error"] is None
    assert row["brightness_mean"] == pytest.approx((red + blue) / 2)
    assert row["brightness_deviation"] == pytest.approx((red - blue) / 2)


def test_the_difference_hash_of_ramps_and_of_a_scaled_copy() -> None:
    ramp = np.tile(np.linspace(0, 255, 90).astype(np.uint8)[None, :, None], (80, 1, 3))
    assert difference_hash(ramp) == "0" * 16
    assert difference_hash(ramp[:, ::-1]) == "f" * 16
    photo = np.random.default_rng(0).integers(0, 256, (9, 8, 3), dtype=np.uint8)
    large = np.asarray(Image.fromarray(photo).resize((240, 270), Image.Resampling.BICUBIC))
    half = np.asarray(Image.fromarray(large).resize((120, 135), Image.Resampling.BOX))
    differing = int(difference_hash(large), 16) ^ int(difference_hash(half), 16)
    assert differing.bit_count() <= 3


def test_what_cannot_be_read_has_a_row_that_says_why(dataset: Dataset, tmp_path: Path) -> None:
    folder = dataset.folder / "train" / "a"
    whole = write_image(tmp_path / "whole.png", 99, (64, 64)).read_bytes()
    frames = io.BytesIO()
    Image.new("L", (4, 4)).save(frames, "GIF", save_all=True, append_images=[Image.new("L", (4, 4), 255)])
    bad = {"empty.png": b"", "cut.png": whole[:2000], "text.jpg": b"no image", "moving.gif": frames.getvalue()}
    for name, content in bad.items():
        (folder / name).write_bytes(content)
    (folder / "file link.png").symlink_to(tmp_path / "whole.png")
    (dataset.folder / "train" / "folder link").symlink_to("/etc")
    (dataset.folder / "train" / ".hidden").mkdir()
    (dataset.folder / "train" / ".hidden" / "x.png").write_bytes(b"")

    index = build_index(dataset)
    broken = index[index["decode_error"].notna()].set_index("path")
    assert set(broken.index) == {*(f"train/a/{name}" for name in bad), "train/a/file link.png", "train/folder link"}
    for path, words in {
        "train/a/empty.png": "0 bytes", "train/a/cut.png": "damaged", "train/a/text.jpg": "not an image",
        "train/a/moving.gif": "animated", "train/a/file link.png": "whole.png", "train/folder link": "/etc",
    }.items():  # fmt: skip
        assert words in broken.loc[path, "decode_error"]
    numbers = broken[["width", "height", "brightness_mean", "brightness_deviation"]]
    assert numbers.isna().all(axis=None)
    assert broken["mode"].isna().all()
    assert broken.loc["train/a/file link.png", "digest"] is None
    assert not index["path"].str.contains("hidden").any()
    assert build_index(dataset).equals(index)


def test_only_what_changed_is_measured_again(dataset: Dataset, tmp_path: Path) -> None:
    """A mark put into the stored index survives where a row is kept, and not where a file is decoded."""
    build_index(dataset)
    stored = stored_index(tmp_path)
    marked = pandas.read_parquet(stored)
    marked["brightness_mean"] = -1.0
    marked.to_parquet(stored, index=False)
    content = (dataset.folder / "test" / "a" / "0.png").read_bytes()
    (dataset.folder / "test" / "a" / "0.png").write_bytes(content)  # another time, the same content
    (dataset.folder / "test" / "a" / "1.png").rename(dataset.folder / "test" / "a" / "moved.png")
    write_image(dataset.folder / "test" / "b" / "0.png", 500)
    write_image(dataset.folder / "valid" / "b" / "new.png", 501)
    (dataset.folder / "train" / "a" / "1.png").unlink()

    index = build_index(dataset)
    measured = set(index.loc[index["brightness_mean"] > 0, "path"])
    assert measured == {"test/b/0.png", "valid/b/new.png"}
    assert "train/a/1.png" not in set(index["path"])
    assert "test/a/moved.png" in set(index["path"])
    assert row_of(index, "test/b/0.png")["digest"] == sha256_file(dataset.folder / "test" / "b" / "0.png")


def test_a_damaged_stored_index_is_made_anew(dataset: Dataset, tmp_path: Path) -> None:
    index = build_index(dataset)
    stored_index(tmp_path).write_bytes(b"PAR1 no longer")
    assert build_index(dataset).equals(index)


def test_a_name_that_is_no_utf8_is_refused_by_name(dataset: Dataset) -> None:
    (dataset.folder / "train" / "a" / "x\udcff.png").write_bytes(b"")
    with pytest.raises(TataraError, match="rename it"):
        build_index(dataset)


@pytest.fixture
def masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("TATARA_HOME", str(tmp_path / "state"))
    return make_annotated(tmp_path / "masked", "segmentation")


def test_label_masks_are_measured_beside_their_images(masked: Dataset) -> None:
    index = build_index(masked)
    assert tuple(index.columns) == (*COLUMNS["image"], *MASK_COLUMNS)
    assert len(index) == 10
    row = row_of(index, "train/images/0.png")
    assert (row["mask"], row["label"], row["split"]) == ("train/labels/0.png", "", "train")
    assert row["mask_digest"] == sha256_file(masked.folder / "train" / "labels" / "0.png")
    assert (row["mask_width"], row["mask_height"], row["mask_values"]) == (96, 80, "0 1 2 255")
    cat, dog = 40 * 24 - 1 - 127, 44 * 48 - 1  # eight columns by sixteen rows, less a pixel, lie under the dog
    assert row["mask_counts"] == f"{96 * 80 - cat - dog - 80} {cat} {dog} 80"
    assert row["mask_error"] is None


def test_label_masks_that_are_absent_wrong_or_of_no_image(masked: Dataset, tmp_path: Path) -> None:
    labels = masked.folder / "train" / "labels"
    (labels / "0.png").unlink()
    (labels / "1.png").write_bytes((labels / "1.png").read_bytes()[:90])
    Image.open(labels / "2.png").convert("RGB").save(labels / "2.png")
    Image.open(labels / "3.png").save(labels / "3.gif")
    (labels / "3.png").write_bytes((labels / "3.gif").read_bytes())
    (labels / "3.gif").unlink()
    (labels / "4.png").rename(tmp_path / "4.png")
    (labels / "4.png").symlink_to(tmp_path / "4.png")
    Image.open(labels / "5.png").save(labels / "of-no-image.png")
    index = build_index(masked)
    errors = index.set_index("path")["mask_error"]
    assert row_of(index, "train/images/0.png")[[*MASK_COLUMNS]].isna().all()
    for number, words in {1: "not a label mask in PNG", 2: "pixel format RGB", 3: "not a label", 4: "link"}.items():
        assert words in errors[f"train/images/{number}.png"]
    assert errors["train/images/5.png"] is None
    assert row_of(index, "train/labels/of-no-image.png")["mask"] is None, "a row of its own, for a rule to fail"
    assert build_index(masked).equals(index)


def test_a_changed_mask_is_measured_again_and_changes_the_revision(masked: Dataset) -> None:
    index = build_index(masked)
    digests = dict(zip(index["path"], index["digest"], strict=True))
    before = indexed_revision(masked, digests)
    assert before == revision(masked)
    paint(masked.folder, lambda values: values.fill(1))
    assert row_of(build_index(masked), "train/images/0.png")["mask_values"] == "1"
    assert indexed_revision(masked, digests) == revision(masked) != before


def test_what_its_owner_knows_of_the_files_goes_into_the_index(dataset: Dataset) -> None:
    before = revision(dataset)
    (dataset.folder / "columns.csv").write_text('path,camera\ntrain/a/0.png,left\ntest/b/1.png,"right, far"\n', "utf-8")
    index = build_index(dataset)
    assert list(index.columns) == [*COLUMNS["image"], "camera"]
    assert "columns.csv" not in set(index["path"])
    assert row_of(index, "train/a/0.png")["camera"] == "left"
    assert row_of(index, "test/b/1.png")["camera"] == "right, far"
    assert row_of(index, "test/b/0.png")["camera"] is None
    digests = index.set_index("path")["digest"].to_dict()
    assert before != revision(dataset) == indexed_revision(dataset, digests)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("file,camera\n", "column 'file': the first is path"),
        ("path,label\n", "column 'label'"),
        ("path,brightness\n", "column 'brightness'"),
        ("path,camera,camera\n", "column 'camera'"),
        ("path,=cmd()\n", "column '=cmd()'"),
        ("path,camera\ntrain/a/0.png\n", "row 2: 1 values under 2 headers"),
        ("path,camera\nno.png,left\n", "row 2: 'no.png' is no file of the dataset"),
        ("path,camera\ntrain/a/0.png,left\ntrain/a/0.png,left\n", "row 3: 'train/a/0.png' is there twice"),
        (b"path,camera\n\xff", "cannot be read as CSV in UTF-8"),
    ],
)
def test_columns_that_are_wrong_are_one_line(dataset: Dataset, content: str | bytes, said: str) -> None:
    (dataset.folder / "columns.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(TataraError) as error:
        build_index(dataset)
    assert said in str(error.value)
    assert str(error.value).startswith(str(dataset.folder / "columns.csv"))


def test_columns_that_are_a_link_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_text("path,camera\n")
    (dataset.folder / "columns.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(TataraError, match="a symbolic link; put the file itself there"):
        build_index(dataset)
