"""Tables of a dataset of pairs: its images with what is to be made of them, and how many there are in each split."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipelines.datasets.dataset import PAIRS, TARGETS
from pipelines.validation.columns import class_rows, duplicates, placed

if TYPE_CHECKING:
    import pandas


def paired_columns(files: "pandas.DataFrame", splits: Sequence[str]) -> "pandas.DataFrame":
    """``files`` (as `file_table` gives it, with the target columns) with how each target fits its image.

    Added: ``place`` (the folder inside the split: ``images`` as it should be); ``no_target`` (None, or what is
    missing); ``target_size_error`` (None, or both sizes); ``same_pixels`` (path of the target if its pixels are the
    image's, or None); ``target_duplicate_of`` (path of an image in an earlier split whose target has the same pixels,
    or None).
    """
    table = placed(files)
    absent = (table["place"] == "images") & table["target"].isna()
    table["no_target"] = [f"nothing of its name in {TARGETS}/" if missing else None for missing in absent]
    sides = table[["width", "height", "target_width", "target_height"]].itertuples(index=False)
    table["target_size_error"] = [_size_error(*side) for side in sides]
    same = table["target_pixels"].notna() & (table["target_pixels"] == table["image_pixels"])
    table["same_pixels"] = table["target"].where(same, None)
    table["target_duplicate_of"] = duplicates(table, splits, "target_pixels")
    return table.astype(dict.fromkeys(("no_target", "target_size_error", "same_pixels"), object))


def _size_error(width: float, height: float, target_width: float, target_height: float) -> str | None:
    if np.isnan(width) or np.isnan(target_width) or (width, height) == (target_width, target_height):
        return None
    return f"the target is {target_width:.0f} x {target_height:.0f}, upright the image is {width:.0f} x {height:.0f}"


def pair_table(files: "pandas.DataFrame", splits: Sequence[str]) -> "pandas.DataFrame":
    """A row for each split, named ``split/pairs``: ``split``, ``label`` and ``count`` of the images with a target."""
    whole = files[files["target"].notna()].assign(label=PAIRS)
    return class_rows(whole.groupby(["split", "label"]).size(), splits, [PAIRS])[["split", "label", "count"]]
