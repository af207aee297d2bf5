"""Measurements of many files, kept under the state root and brought up to date.

A file whose size and times are unchanged keeps its measurements, so does one whose content is known from elsewhere in
the dataset; only the rest is read and measured.
"""

import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.entries import Entry
from pipelines.datasets.measuring import MaskMeasurements, Measurements, PairedMeasurements, SoundMeasurements
from tatara.core.files import sha256_bytes, write_bytes
from tatara.core.home import state_root
from tatara.core.progress import progress

Record = TypeVar("Record", Measurements, SoundMeasurements, MaskMeasurements, PairedMeasurements)
Row = dict[str, Any]
_STAMPS = ("size", "mtime_ns", "ctime_ns")


def measured(
    dataset: Dataset, found: list[Entry], record: type[Record], measure: Callable[[bytes], Record], name: str
) -> list[Row]:
    """A row for each of ``found``, in order: ``path`` and the fields of what ``measure`` gives. Links are not followed.

    ``name`` is of the stored table; it states the version of what ``measure`` means.
    """
    stored = cache_place(dataset, "index", f"{name}.parquet")
    known = _read(stored)
    fresh = [entry for entry in found if known.get(entry.path, {}).get("stamp") != stamp(entry)]
    if fresh or len(known) != len(found):
        row = _measurer(dataset, known, record, measure)
        known = _updated(dataset, found, fresh, known, row)
        write_bytes(stored, _parquet(list(known.values()), record))
    return [known[entry.path] for entry in found]


def cache_place(dataset: Dataset, kind: str, name: str) -> Path:
    """Where something that is computed from a dataset is kept; datasets of one name in two folders do not meet."""
    place = sha256_bytes(str(dataset.folder).encode())[:12]
    return state_root() / "cache" / kind / dataset.name / f"{place}-{name}"


def stamp(entry: Entry) -> tuple[int, ...]:
    """What changes with every write to a file."""
    return (entry.size, entry.mtime_ns, entry.ctime_ns)


def _updated(
    dataset: Dataset, found: list[Entry], fresh: list[Entry], known: dict[str, Row], row: Callable[[Entry], Row]
) -> dict[str, Row]:
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
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


def _measurer(
    dataset: Dataset, known: dict[str, Row], record: type[Record], measure: Callable[[bytes], Record]
) -> Callable[[Entry], Row]:
    by_digest = {row["digest"]: row for row in known.values() if row["digest"] is not None}

    def measurements(entry: Entry) -> Record:
        if entry.link is not None:
            return record.unread(entry.size, f"symbolic link to {entry.link}: links are not followed")
        try:
            content = (dataset.folder / entry.path).read_bytes()
        except OSError as error:
            return record.unread(entry.size, f"cannot be read: {error.strerror}")
        if (row := by_digest.get(sha256_bytes(content))) is not None:
            return record(**{field.name: row[field.name] for field in fields(record)})
        return measure(content)

    return lambda entry: {"path": entry.path, **asdict(measurements(entry)), "stamp": stamp(entry)}


def _read(path: Path) -> dict[str, Row]:
    """Rows by path of a stored table; a damaged or missing one is as good as none."""
    import pyarrow
    import pyarrow.parquet

    try:
        rows = pyarrow.parquet.read_table(path).to_pylist()
    except (OSError, pyarrow.ArrowException):
        return {}
    for row in rows:
        row["stamp"] = tuple(row.pop(name) for name in _STAMPS)
    return {row["path"]: row for row in rows}


def _parquet(rows: list[Row], record: type[Record]) -> bytes:
    import pandas

    table = pandas.DataFrame(rows, columns=["path", *(field.name for field in fields(record))])
    for position, name in enumerate(_STAMPS):
        table[name] = np.array([row["stamp"][position] for row in rows], np.int64)
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()
