"""The index: one row a file, with the measurements that validation rules are written on.

It is kept under the state root and brought up to date: a file whose size and times are unchanged keeps its row, one
whose content is known from elsewhere in the dataset keeps its measurements, and only the rest is decoded.
"""

import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.datasets.dataset import DESCRIPTION, Dataset
from pipelines.datasets.entries import Entry, entries
from pipelines.datasets.measuring import Measurements, measure_content
from tatara.core.files import sha256_bytes, write_bytes
from tatara.core.home import state_root
from tatara.core.modalities import image
from tatara.core.progress import progress

if TYPE_CHECKING:
    import pandas

VERSION = f"1-{image.DECODER}"
"""Of the columns' meaning; a stored index of another version is not read."""

COLUMNS = (
    "path", "split", "label", "width", "height", "mode", "bytes", "digest", "decode_error",
    "brightness_mean", "brightness_deviation", "perceptual_hash",
)  # fmt: skip
Row = dict[str, Any]
_STAMPS = ("size", "mtime_ns", "ctime_ns")


def build_index(dataset: Dataset) -> "pandas.DataFrame":
    """The dataset's index, one row a file, sorted by ``path``, with a RangeIndex.

    Columns: ``path`` (relative, POSIX), ``split``, ``label``, ``width`` and ``height`` (float, pixels), ``mode``
    (Pillow's), ``bytes``, ``digest`` (SHA-256 of the file), ``decode_error`` (None, or one line),
    ``brightness_mean``, ``brightness_deviation`` (luma, 0..255), ``perceptual_hash`` (64-bit difference hash, 16
    hexadecimal digits). Where ``decode_error`` is set, numbers are NaN and text None. Symbolic links are not
    followed: they have a ``decode_error`` and no ``digest``.
    """
    found = [entry for entry in entries(dataset.folder) if entry.path != DESCRIPTION]
    stored = _stored_path(dataset)
    known = _read(stored)
    fresh = [entry for entry in found if known.get(entry.path, {}).get("stamp") != _stamp(entry)]
    if fresh or len(known) != len(found):
        known = _updated(dataset, found, fresh, known)
        write_bytes(stored, _parquet(known))
    return _frame([known[entry.path] for entry in found])


def _updated(dataset: Dataset, found: list[Entry], fresh: list[Entry], known: dict[str, Row]) -> dict[str, Row]:
    by_digest = {row["digest"]: row for row in known.values() if row["digest"] is not None}

    def row(entry: Entry) -> Row:
        return _row(entry, _measure(dataset.folder / entry.path, entry, by_digest))

    workers = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(workers) as pool:
        try:
            rows = list(progress(_in_blocks(pool, row, fresh), len(fresh), f"index {dataset.name}"))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    updated = {row["path"]: row for row in rows}
    return {entry.path: updated.get(entry.path) or known[entry.path] for entry in found}


def _in_blocks(pool: ThreadPoolExecutor, row: Callable[[Entry], Row], fresh: list[Entry]) -> Iterator[Row]:
    """Rows in order; a task is a block of files, since one small file is less work than handing it over."""
    blocks = [fresh[start : start + 64] for start in range(0, len(fresh), 64)]
    for rows in pool.map(lambda block: [row(entry) for entry in block], blocks):
        yield from rows


def _measure(path: Path, entry: Entry, by_digest: dict[str, Row]) -> Measurements:
    if entry.link is not None:
        return Measurements(None, entry.size, decode_error=f"symbolic link to {entry.link}: links are not followed")
    try:
        content = path.read_bytes()
    except OSError as error:
        return Measurements(None, entry.size, decode_error=f"cannot be read: {error.strerror}")
    if (row := by_digest.get(sha256_bytes(content))) is not None:
        return Measurements(**{name: row[name] for name in Measurements.__dataclass_fields__})
    return measure_content(content)


def _row(entry: Entry, measurements: Measurements) -> Row:
    split, label, *_ = (*entry.path.split("/")[:-1], "", "")
    return {"path": entry.path, "split": split, "label": label, **asdict(measurements), "stamp": _stamp(entry)}


def _stamp(entry: Entry) -> tuple[int, ...]:
    return (entry.size, entry.mtime_ns, entry.ctime_ns)


def _stored_path(dataset: Dataset) -> Path:
    place = sha256_bytes(str(dataset.folder).encode())[:12]
    return state_root() / "cache" / "index" / dataset.name / f"{place}-{VERSION}.parquet"


def _read(path: Path) -> dict[str, Row]:
    """Rows by path of a stored index; a damaged or missing one is as good as none."""
    import pyarrow
    import pyarrow.parquet

    try:
        rows = pyarrow.parquet.read_table(path).to_pylist()
    except (OSError, pyarrow.ArrowException):
        return {}
    for row in rows:
        row["stamp"] = tuple(row.pop(name) for name in _STAMPS)
    return {row["path"]: row for row in rows}


def _parquet(known: dict[str, Row]) -> bytes:
    import pandas

    rows = list(known.values())
    table = pandas.DataFrame(rows, columns=[*COLUMNS])
    for position, name in enumerate(_STAMPS):
        table[name] = np.array([row["stamp"][position] for row in rows], np.int64)
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _frame(rows: list[Row]) -> "pandas.DataFrame":
    import pandas

    frame = pandas.DataFrame(rows, columns=[*COLUMNS])
    for name in ("mode", "digest", "decode_error", "perceptual_hash"):
        column = frame[name].astype(object)
        frame[name] = column.where(column.notna(), None)
    for name in ("width", "height", "brightness_mean", "brightness_deviation"):
        frame[name] = frame[name].astype(np.float64)
    return frame
