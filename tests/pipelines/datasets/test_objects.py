"""The table of objects against annotations written by hand, and files that are wrong."""

import json
from pathlib import Path

import numpy as np
import pandas
import pytest
from pycocotools import mask

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.index import COLUMNS as INDEX_COLUMNS
from pipelines.datasets.index import build_index
from pipelines.datasets.objects import COLUMNS, build_objects, read_annotations
from pipelines.datasets.revision import indexed_revision, revision
from pipelines.datasets.run_lengths import run_lengths
from tatara.core.errors import TataraError
from tests.pipelines.validation.annotated import BOXES, HEIGHT, WIDTH, edit, encoded, filled, make_annotated


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("TATARA_HOME", str(tmp_path / "state"))
    return make_annotated(tmp_path / "pets", "instances")


def listing(name: str) -> dict[str, object]:
    return {"id": 99, "file_name": name, "width": 1, "height": 1}


def test_one_row_an_object_sorted_by_image_and_the_file_s_order(pets: Dataset) -> None:
    edit(pets.folder, lambda content: content["annotations"].reverse())
    objects = build_objects(pets)
    assert tuple(objects.columns) == COLUMNS
    assert objects.index.equals(pandas.RangeIndex(20))
    assert objects[["path", "object"]].apply(tuple, axis=1).is_monotonic_increasing
    first = objects[objects["path"] == "train/images/0.png"]
    assert first["label"].tolist() == ["dog", "cat"]
    assert objects[objects["path"] == "test/images/0.png"]["label"].tolist() == ["cat", "dog"]
    (x, y, width, height), row = BOXES[0], first.iloc[1]
    assert row[["x_min", "y_min", "x_max", "y_max"]].tolist() == [x, y, x + width, y + height]
    assert row["area"] == width * height - 1, "of the mask, not of the box"
    assert not row["crowd"]
    assert objects.dtypes[["x_min", "area"]].tolist() == [np.float64, np.float64]
    decoded = mask.decode({"size": [HEIGHT, WIDTH], "counts": row["rle"].encode()})
    assert np.array_equal(decoded, filled(BOXES[0]))


def test_boxes_without_masks_crowds_and_boxes_that_are_wrong_are_kept_as_they_are(pets: Dataset) -> None:
    def change(content: dict) -> None:
        del content["annotations"][0]["segmentation"]
        content["annotations"][0] |= {"bbox": [-3.5, 2, 100, 4], "iscrowd": 1, "area": 9}
        content["annotations"][1] |= {"bbox": [5, 5, -2, 3], "category_id": 7}
        del content["annotations"][1]["segmentation"]

    edit(pets.folder, change)
    wrong, turned = build_objects(pets).query("path == 'train/images/0.png'").to_dict("records")
    assert [wrong[name] for name in ("x_min", "y_min", "x_max", "y_max", "area", "crowd", "rle")] == [
        -3.5, 2, 96.5, 6, 400, True, None,
    ]  # fmt: skip
    assert (turned["x_min"], turned["x_max"], turned["area"], turned["label"]) == (5, 3, 0, "(category 7)")


@pytest.mark.parametrize(
    ("segmentation", "said"),
    [
        ({"size": [WIDTH, HEIGHT], "counts": encoded(filled(BOXES[0]).T)["counts"]}, "[96, 80], the image's [80, 96]"),
        ({"size": [HEIGHT, WIDTH], "counts": "o"}, "not readable"),
        ({"size": [HEIGHT, WIDTH], "counts": "\x00\xff"}, "not readable"),
        ({"size": [HEIGHT, WIDTH], "counts": "5"}, "5 pixels"),
        ([[1, 1, 5, 1, 5, 5]], "no compressed run-length code"),
        ({"size": [HEIGHT, WIDTH], "counts": [7679, 1]}, "no compressed run-length code"),
    ],
)
def test_a_mask_that_cannot_be_used_is_told_and_never_decoded(pets: Dataset, segmentation: object, said: str) -> None:
    edit(pets.folder, lambda content: content["annotations"][3].update(segmentation=segmentation))
    bad = build_objects(pets).query("mask_error.notna()", engine="python")
    assert bad[["path", "object"]].values.tolist() == [["train/images/1.png", 1]]
    assert said in bad["mask_error"].iloc[0]
    assert bad["rle"].isna().all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["images"].append(listing("gone.png")), "'images/gone.png', which is not there (1 such"),
        (lambda c: c["images"].append(listing("../../dataset.yaml")), "which is not there"),
        (lambda c: c["images"][1].update(id=1), "image id 1 is there twice"),
        (lambda c: c["images"][1].update(file_name="0.png"), "file_name '0.png' is there twice"),
        (lambda c: c["annotations"][0].update(image_id=50), "names image id 50, which is not listed"),
        (lambda c: c["annotations"][2].update(bbox=[1, 2, 3]), "annotations.2.bbox.3: Field required"),
        (lambda c: c["annotations"][2].update(bbox=[1, 2, 3, float("nan")]), "annotations.2.bbox.3: "),
        (lambda c: c.pop("categories"), "categories: Field required"),
    ],
    ids=["absent", "outside", "id twice", "file twice", "unlisted", "three numbers", "nan", "no categories"],
)  # fmt: skip
def test_a_file_that_is_wrong_is_one_line_that_names_file_and_place(pets: Dataset, change, said: str) -> None:
    edit(pets.folder, change)
    with pytest.raises(TataraError) as caught:
        build_objects(pets)
    assert str(caught.value).startswith(str(pets.folder / "train" / "annotations.json"))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_what_is_no_json_of_coco_is_refused(pets: Dataset, content: bytes) -> None:
    (pets.folder / "valid" / "annotations.json").write_bytes(content)
    with pytest.raises(TataraError, match=r"valid/annotations.json: not COCO's JSON") as caught:
        build_objects(pets)
    assert "\n" not in str(caught.value)


def test_a_link_is_not_followed(pets: Dataset, tmp_path: Path) -> None:
    (pets.folder / "valid" / "annotations.json").rename(tmp_path / "elsewhere.json")
    (pets.folder / "valid" / "annotations.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(TataraError, match="valid/annotations.json: a symbolic link"):
        build_objects(pets)


def test_tables_are_kept_until_a_file_changes(pets: Dataset, tmp_path: Path) -> None:
    before = read_annotations(pets)
    (stored,) = (tmp_path / "state" / "cache" / "objects").rglob("objects.parquet")
    pandas.read_parquet(stored).assign(label="kept").to_parquet(stored, index=False)
    assert set(build_objects(pets)["label"]) == {"kept"}
    stored.write_bytes(b"PAR1 no longer")
    pandas.testing.assert_frame_equal(build_objects(pets), before.objects)
    edit(pets.folder, lambda content: content["annotations"].pop())
    assert len(build_objects(pets)) == 19
    assert len(list((tmp_path / "state" / "cache" / "objects").rglob("objects.parquet"))) == 1
    (pets.folder / "train" / "images" / "0.png").unlink()
    with pytest.raises(TataraError, match="not there"):
        build_objects(pets)


def test_no_objects_no_files(pets: Dataset) -> None:
    for split in ("train", "valid", "test"):
        (pets.folder / split / "annotations.json").unlink()
    annotations = read_annotations(pets)
    assert len(annotations.objects) == len(annotations.listings) == 0
    assert annotations.objects.dtypes["crowd"] == np.bool_


def test_annotation_files_are_no_rows_of_the_index_but_part_of_the_revision(pets: Dataset) -> None:
    index = build_index(pets)
    assert tuple(index.columns) == INDEX_COLUMNS["image"]
    assert len(index) == 10
    assert set(index["label"]) == {""}
    assert set(index["split"]) == {"train", "valid", "test"}
    digests = dict(zip(index["path"], index["digest"], strict=True))
    before = indexed_revision(pets, digests)
    assert before == revision(pets)
    edit(pets.folder, lambda content: content["annotations"].pop())
    assert indexed_revision(pets, digests) == revision(pets) != before


def test_run_lengths_agree_with_pycocotools() -> None:
    random = np.random.default_rng(0)
    for share in (0, 0.01, 0.5, 0.99, 1):
        for _ in range(40):
            pixels = (random.random(random.integers(1, 60, 2)) < share).astype(np.uint8)
            runs = run_lengths(encoded(pixels)["counts"])
            assert runs is not None
            assert np.array_equal(np.repeat(np.arange(len(runs)) % 2, runs), pixels.ravel(order="F"))


def test_run_lengths_of_a_large_mask_worked_out_by_hand() -> None:
    pixels = np.zeros((3000, 5000), np.uint8)
    pixels[:, 2500:] = 1
    pixels[5, 7] = 1
    assert np.array_equal(run_lengths(encoded(pixels)["counts"]), [21_005, 1, 7_478_994, 7_500_000])


@pytest.mark.parametrize("counts", ["o", "é", "00J", "oooooooo0", "\n", "`" * 9])
def test_what_is_no_run_length_code(counts: str) -> None:
    assert run_lengths(counts) is None
    assert json.dumps(counts), "any text may stand in a file"
