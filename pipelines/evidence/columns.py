"""What the test split can be cut by: the index's measurements, and its columns of a few words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.index import TARGET_COLUMNS

if TYPE_CHECKING:
    import pandas

Members = NDArray[np.bool_]
MOST_VALUES = 20
"""Distinct values up to which a column of words cuts into slices."""
MEASURED = (
    ("brightness_mean", "brightness", ("dark", "middling", "bright")),
    ("seconds", "duration", ("short", "middling", "long")),
    ("rms", "loudness", ("soft", "middling", "loud")),
)
"""Column of the index, name of the slices, and of the terciles."""
NOT_CUT = frozenset({"sound", "path", "split", "label", "digest", "decode_error", "perceptual_hash", *TARGET_COLUMNS})
"""Names, digests and errors; and the label, by which the kinds cut themselves."""


def columns(index: "pandas.DataFrame", digests: Sequence[str], sizes: bool) -> dict[tuple[str, str], Members]:
    """(column, value) -> who belongs, bool (examples,).

    ``brightness`` in terciles of the mean luma, ``dark``, ``middling`` and ``bright``, of sounds ``duration`` and
    ``loudness``; with ``sizes``, ``size`` in terciles of the image's pixels; every column of words with 2 to
    `MOST_VALUES` values; and of more, where all are numbers, in terciles ``low``, ``middle`` and ``high``.

    Args:
        index: as `pipelines.datasets.index.build_index` gives it, of the test split.
        digests: of the examples, in their order.
        sizes: whether images are cut by their size; kinds with objects cut by those.
    """
    rows = index.drop_duplicates("digest").set_index("digest").loc[list(digests)]
    found: dict[tuple[str, str], Members] = {}
    for column, name, parts in MEASURED:
        if column in rows:
            found |= _terciles(rows[column].to_numpy(np.float64), name, parts)
    if sizes and "width" in rows:
        pixels = (rows["width"] * rows["height"]).to_numpy(np.float64)
        found |= _terciles(pixels, "size", ("small", "medium", "large"))
    for name in rows.columns:
        if name in NOT_CUT or name.startswith("mask"):
            continue
        words = rows[name].astype(object).where(rows[name].notna(), None).to_numpy(object)
        values = sorted({word for word in words if isinstance(word, str)})
        if all(word is None or isinstance(word, str) for word in words) and 2 <= len(values) <= MOST_VALUES:
            found |= {(name, value): words == value for value in values}
        elif len(values) > MOST_VALUES and (numbers := _numbers(words)) is not None:
            found |= _terciles(numbers, name, ("low", "middle", "high"))
    return found


def _numbers(words: NDArray[np.object_]) -> NDArray[np.float64] | None:
    """Words that are all finite numbers, NaN where there is none; None where one is something else."""
    try:
        found = np.array([np.nan if word is None else float(word) for word in words])
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found[[word is not None for word in words]]).all() else None


def _terciles(values: NDArray[np.float64], column: str, names: tuple[str, str, str]) -> dict[tuple[str, str], Members]:
    """Three parts of equal number, as far as equal values stay together; none where all are the same."""
    if not len(values) or np.nanmin(values) == np.nanmax(values):
        return {}
    first, second = np.nanquantile(values, [1 / 3, 2 / 3])
    parts = (values <= first, (values > first) & (values <= second), values > second)
    return {(column, name): part for name, part in zip(names, parts, strict=True) if part.any()}
