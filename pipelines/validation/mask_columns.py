"""Tables of a dataset of label masks: its images with their masks, and what of each class is in each split."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipelines.datasets.dataset import LABELS
from pipelines.truth import IGNORE
from pipelines.validation.columns import class_rows, placed, shifts

if TYPE_CHECKING:
    import pandas


def masked_columns(files: "pandas.DataFrame", classes: Sequence[str]) -> "pandas.DataFrame":
    """``files`` (as `file_table` gives it, with the mask columns) with how each mask fits its image.

    Added: ``place`` (the folder inside the split: ``images`` as it should be); ``no_mask`` (None, or what is missing);
    ``mask_size_error`` (None, or both sizes); ``unknown_values`` (None, or the values that are neither a class's
    position nor the ignored one); ``labelled_share`` (of its pixels that are not ignored, 0..1).
    """
    table = placed(files)
    absent = (table["place"] == "images") & table["mask"].isna()
    table["no_mask"] = [f"nothing of its name in {LABELS}/" if missing else None for missing in absent]
    sides = table[["width", "height", "mask_width", "mask_height"]].itertuples(index=False)
    table["mask_size_error"] = [_size_error(*side) for side in sides]
    counts = [_counts(*row) for row in zip(table["mask_values"], table["mask_counts"], strict=True)]
    known = {*range(len(classes)), IGNORE}
    table["unknown_values"] = [
        " ".join(str(value) for value in found if value not in known) or None for found in counts
    ]
    table["labelled_share"] = [_labelled(found) for found in counts]
    return table.astype({"no_mask": object, "mask_size_error": object, "unknown_values": object})


def _size_error(width: float, height: float, mask_width: float, mask_height: float) -> str | None:
    if np.isnan(width) or np.isnan(mask_width) or (width, height) == (mask_width, mask_height):
        return None
    return f"the mask is {mask_width:.0f} x {mask_height:.0f}, upright the image is {width:.0f} x {height:.0f}"


def _counts(values: str | None, counts: str | None) -> dict[int, int]:
    """Value -> pixels."""
    return dict(zip(map(int, (values or "").split()), map(int, (counts or "").split()), strict=True))


def _labelled(counts: dict[int, int]) -> float:
    return 1 - counts.get(IGNORE, 0) / sum(counts.values()) if counts else np.nan


def mask_class_table(files: "pandas.DataFrame", splits: Sequence[str], classes: Sequence[str]) -> "pandas.DataFrame":
    """A row for each class in each split, named ``split/class``, those without pixels too.

    Columns: ``split``, ``label``, ``count`` of images with the class, ``train_count`` (the same for train, NaN
    elsewhere), ``balance`` (count over the split's mean for a class), ``pixels``, ``pixel_share`` (of the split's
    pixels that are not ignored), ``share_shift`` (``pixel_share`` over that in train).
    """
    import pandas

    rows = [
        (split, classes[value], pixels)
        for split, values, counts in files[["split", "mask_values", "mask_counts"]].itertuples(index=False)
        for value, pixels in _counts(values, counts).items()
        if value < len(classes)
    ]
    groups = pandas.DataFrame(rows, columns=["split", "label", "pixels"]).groupby(["split", "label"])["pixels"]
    table = class_rows(groups.size(), splits, classes)
    keys = table[["split", "label"]].apply(tuple, axis=1)
    table["pixels"] = keys.map(groups.sum()).fillna(0).astype(float)
    labelled = table.groupby("split")["pixels"].transform("sum")
    table["pixel_share"] = table["pixels"] / labelled.where(labelled > 0)
    table["share_shift"] = shifts(table["pixel_share"], table)
    return table
