import numpy as np
import pandas
import pytest

from pipelines.validation.columns import class_table, file_table, nearest

SPLITS = ("train", "valid", "test")


def index(*rows: tuple[str, str, str]) -> pandas.DataFrame:
    """Rows of (path, content digest, difference hash)."""
    frame = pandas.DataFrame(rows, columns=["path", "digest", "perceptual_hash"])
    frame["split"] = frame["path"].str.split("/").str[0]
    frame["label"] = frame["path"].str.split("/").str[1]
    return frame.assign(width=4.0, height=3.0)


def test_of_two_files_with_the_same_bytes_the_later_split_is_at_fault():
    table = file_table(
        index(
            ("test/a/1", "x", "01"), ("test/a/2", "y", "02"), ("train/a/3", "x", "01"), ("train/a/4", "z", "04"),
            ("train/a/5", "z", "04"), ("valid/a/6", "y", "02"), ("valid/a/7", "w", "08"),
        ),
        SPLITS,
    )  # fmt: skip
    assert table["duplicate_of"].to_dict() == {
        "test/a/1": "train/a/3",
        "test/a/2": "valid/a/6",
        "train/a/3": None,
        "train/a/4": None,
        "train/a/5": None,
        "valid/a/6": None,
        "valid/a/7": None,
    }
    assert (table["pixels"] == 12).all()


def test_files_that_could_not_be_read_are_no_duplicates_of_one_another():
    table = file_table(index(("test/a/1", None, None), ("train/a/2", None, None)), SPLITS)
    assert table[["duplicate_of", "conflicting_label", "near_duplicate_of"]].isna().all(axis=None)
    assert table["near_duplicate_distance"].isna().all()


def test_the_same_bytes_under_two_labels():
    table = file_table(index(("train/a/1", "x", "1"), ("train/b/2", "x", "1"), ("train/b/3", "y", "1")), SPLITS)
    assert table["conflicting_label"].to_list() == ["b", "a", None]


def test_near_duplicates_are_sought_in_earlier_splits_only_and_not_among_structureless_or_equal_files():
    rows = [
        ("test/a/1", "1", "00000000000000f7"),  # one bit from train/a/5
        ("test/a/2", "2", "0000000000000000"),  # no structure
        ("test/a/3", "5", "00000000000000ff"),  # the bytes of train/a/5
        ("test/a/4", "4", "ff00000000000001"),  # nearest is valid/a/7
        ("train/a/5", "5", "00000000000000ff"),
        ("train/a/6", "6", "0000000000000000"),
        ("valid/a/7", "7", "ff00000000000000"),
    ]
    table = file_table(index(*rows), SPLITS)
    found = table["near_duplicate_distance"].dropna().to_dict()
    assert found == {"test/a/1": 1, "test/a/4": 1, "valid/a/7": 16}
    near = table["near_duplicate_of"]
    assert (near["test/a/1"], near["test/a/4"], near["valid/a/7"]) == ("train/a/5", "valid/a/7", "train/a/5")


def test_nearest_agrees_with_counting_bits_one_pair_at_a_time():
    random = np.random.default_rng(0)
    asked = random.integers(0, 2**64, 37, dtype=np.uint64)
    known = random.integers(0, 2**64, 23, dtype=np.uint64)
    match, bits = nearest(asked, known)
    for one, position, distance in zip(asked, match, bits, strict=True):
        assert distance == min((int(one) ^ int(other)).bit_count() for other in known)
        assert distance == (int(one) ^ int(known[position])).bit_count()


def test_class_table_has_a_row_for_classes_without_files():
    frame = index(("train/a/1", "1", "1"), ("train/a/2", "2", "1"), ("train/b/3", "3", "1"), ("valid/b/4", "4", "1"))
    table = class_table(frame, SPLITS, ("a", "b"))
    assert table["count"].to_dict() == {
        "train/a": 2, "train/b": 1, "valid/a": 0, "valid/b": 1, "test/a": 0, "test/b": 0,
    }  # fmt: skip
    assert table["balance"][["train/a", "train/b", "valid/a", "valid/b"]].to_list() == pytest.approx(
        [4 / 3, 2 / 3, 0, 2]
    )
    assert table["balance"][["test/a", "test/b"]].isna().all()
