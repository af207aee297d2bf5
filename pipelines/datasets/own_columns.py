"""What its owner knows of a dataset's files and their pixels do not say: ``columns.csv``, such as camera, site or year.

The index carries the columns on, and the review looks for a loss in each of their values.
"""

import csv
import io
import re
from collections.abc import Container
from typing import TYPE_CHECKING

from pipelines.datasets.dataset import Dataset
from tatara.core.errors import TataraError

if TYPE_CHECKING:
    import pandas

FILE = "columns.csv"
KEY = "path"
OURS = frozenset({"size", "object size", "brightness", "duration", "loudness"})
"""Names of slices that are made of measurements."""
_NAME = re.compile(r"[^\W_][\w -]{0,63}")


def own_columns(dataset: Dataset, paths: "pandas.Series[str]", taken: Container[str]) -> "pandas.DataFrame":
    """The columns of ``columns.csv``, a row for each of ``paths``; words, None where there is none. No columns without
    the file.

    Args:
        dataset: whose folder may hold the file: UTF-8, commas, headers, ``path`` the first of them.
        paths: relative, POSIX.
        taken: names that other columns of the index have.

    Raises:
        TataraError: the file cannot be read, names a file twice or one that is not there, or a column's name is taken.
    """
    import pandas

    file = dataset.folder / FILE
    if not file.is_file() and not file.is_symlink():
        return pandas.DataFrame(index=paths.index)
    header, *rows = _rows(dataset)
    for number, name in enumerate(header):
        odd = not _NAME.fullmatch(name) or name in OURS or name.startswith("mask") or name in header[:number]
        if (number == 0) != (name == KEY) or (number > 0 and (odd or name in taken)):
            raise TataraError(f"{file}: column {name!r}: the first is {KEY}, the others have plain names of their own")
    values, known = {}, set(paths)
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise TataraError(f"{file} row {number}: {len(row)} values under {len(header)} headers")
        if row[0] in values or row[0] not in known:
            what = "is there twice" if row[0] in values else "is no file of the dataset"
            raise TataraError(f"{file} row {number}: {row[0]!r} {what}")
        values[row[0]] = [cell or None for cell in row[1:]]
    nothing = [None] * (len(header) - 1)
    found = [values.get(path, nothing) for path in paths]
    return pandas.DataFrame(found, columns=header[1:], index=paths.index, dtype=object)


def _rows(dataset: Dataset) -> list[list[str]]:
    file = dataset.folder / FILE
    if file.is_symlink():  # the revision would not change with what it leads to
        raise TataraError(f"{file}: a symbolic link; put the file itself there")
    try:
        text = file.read_text(encoding="utf-8-sig")
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline="")) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TataraError(f"{file}: cannot be read as CSV in UTF-8 ({str(error).splitlines()[0]})") from None
    if not rows:
        raise TataraError(f"{file}: empty; write a header, {KEY} and the names of the columns, or remove it")
    return rows
