"""Tables that rules are written on: the index with what only shows when files are compared, and counts by class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas

_BLOCK = 16


def file_table(index: "pandas.DataFrame", splits: Sequence[str]) -> "pandas.DataFrame":
    """The index, by path, with columns that compare a file with others.

    Added: ``pixels`` (width x height); ``duplicate_of`` (path of a file with the same bytes in an earlier split, or
    None); ``conflicting_label`` (another label that has the same bytes, or None); ``near_duplicate_of`` and
    ``near_duplicate_distance`` (the nearest image in an earlier split and the bits, 0..64, in which the difference
    hashes differ; absent for the first split, exact duplicates, and images without structure, whose hash is 0).
    Of sounds there are neither pixels nor near duplicates, but ``same_sound_as`` and ``speaker_in`` (path of a file in
    an earlier split that has the same samples, or the same ``speaker``, or None).
    ``splits`` are in order: of two alike files the one in the later split is at fault.
    """
    table = index.set_index("path", drop=False, verify_integrity=True).rename_axis(None)
    table["duplicate_of"] = duplicates(table, splits, "digest")
    table["conflicting_label"] = _conflicting_labels(table)
    if "sound" in table:
        table["same_sound_as"] = duplicates(table, splits, "sound")
        table["speaker_in"] = duplicates(table, splits, "speaker") if "speaker" in table else None
        return table
    table["pixels"] = table["width"].astype(float) * table["height"].astype(float)
    near, distance = _near_duplicates(table, splits)
    table["near_duplicate_of"], table["near_duplicate_distance"] = near, distance
    return table


def class_table(index: "pandas.DataFrame", splits: Sequence[str], classes: Sequence[str]) -> "pandas.DataFrame":
    """A row for each class in each split, named ``split/class``, those without files too.

    Columns: ``split``, ``label``, ``count`` of files, ``balance`` (count over the split's mean for a class; absent
    where the split is empty).
    """
    return class_rows(index.groupby(["split", "label"]).size(), splits, classes).drop(columns="train_count")


def class_rows(counts: "pandas.Series[int]", splits: Sequence[str], classes: Sequence[str]) -> "pandas.DataFrame":
    """``counts`` by split and label as a table with a row for each class in each split, named ``split/class``.

    Columns: ``split``, ``label``, ``count``, ``train_count`` (NaN outside train) and ``balance``, as in `class_table`.
    """
    import pandas

    rows = pandas.MultiIndex.from_product([splits, classes], names=["split", "label"])
    table = counts.reindex(rows, fill_value=0).rename("count").reset_index()
    mean = table.groupby("split")["count"].transform("mean")
    table["train_count"] = table["count"].where(table["split"] == "train")
    table["balance"] = table["count"] / mean.where(mean > 0)
    return table.set_axis(table["split"] + "/" + table["label"])


def shifts(values: "pandas.Series[float]", table: "pandas.DataFrame") -> "pandas.Series[float]":
    """``values`` of each row of `class_rows` over the same class's in train; NaN for train, and where either is 0."""
    train = values[table["split"] == "train"].set_axis(table.loc[table["split"] == "train", "label"])
    found = values / table["label"].map(train[train > 0])
    return found.where((table["split"] != "train") & (found > 0))


def placed(files: "pandas.DataFrame") -> "pandas.DataFrame":
    """``files`` with ``place``: the folder inside the split, where annotated datasets keep ``images``; "" for none."""
    parts = files["path"].str.split("/")
    return files.assign(place=[part[1] if len(part) > 2 else "" for part in parts])


def duplicates(table: "pandas.DataFrame", splits: Sequence[str], column: str) -> "pandas.Series[str]":
    """Path of a file of an earlier split that has the same in ``column``, by file; None where there is none."""
    known = table[table[column].notna() & table["split"].isin(splits)]
    rank = known["split"].map({split: place for place, split in enumerate(splits)}).astype(int)
    first = known.assign(rank=rank).sort_values("rank", kind="stable").groupby(column)[["path", "rank"]].first()
    origin = first.loc[known[column]].set_axis(known.index)
    return _texts(origin["path"].where(rank > origin["rank"]), table)


def _conflicting_labels(table: "pandas.DataFrame") -> "pandas.Series[str]":
    known = table[table["digest"].notna()]
    labels = known.groupby("digest")["label"]
    low, high = labels.transform("min"), labels.transform("max")
    return _texts(low.where(low != known["label"], high.where(high != known["label"])), table)


def _texts(values: "pandas.Series[str]", table: "pandas.DataFrame") -> "pandas.Series[str]":
    found = values.reindex(table.index).astype(object)
    return found.where(found.notna(), None)


def _near_duplicates(
    table: "pandas.DataFrame", splits: Sequence[str]
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    near = np.full(len(table), None, object)
    distance = np.full(len(table), np.nan)
    hashes = np.array([int(text, 16) for text in table["perceptual_hash"].fillna("0")], np.uint64)
    split, paths = table["split"].to_numpy(), table["path"].to_numpy()
    fresh = table["duplicate_of"].isna().to_numpy()
    for place, name in enumerate(splits):
        asked = np.flatnonzero((split == name) & (hashes > 0) & fresh)
        earlier = np.flatnonzero(np.isin(split, splits[:place]) & (hashes > 0))
        if len(asked) and len(earlier):
            match, bits = nearest(hashes[asked], hashes[earlier])
            near[asked], distance[asked] = paths[earlier[match]], bits
    return near, distance


def nearest(asked: NDArray[np.uint64], known: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """For each of ``asked`` (n,) the position (n,) of the nearest of ``known`` and the Hamming distance (n,).

    Compares all pairs, blockwise: 6,000 with 48,000 hashes take 0.2 s of a core, however the hashes cluster.
    """
    match, bits = np.empty(len(asked), np.int64), np.empty(len(asked), np.uint8)
    for start in range(0, len(asked), _BLOCK):
        block = slice(start, start + _BLOCK)
        differing = np.bitwise_count(asked[block, None] ^ known)
        match[block] = differing.argmin(axis=1)
        bits[block] = np.take_along_axis(differing, match[block, None], axis=1)[:, 0]
    return match, bits
