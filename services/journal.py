"""The prediction log: what was asked and answered, in Parquet files, with what it takes to answer it again.

It is an extra (``pyarrow``, the observe lock) and off unless ``TATARA_JOURNAL`` names a folder. A request never waits
for it: rows that come faster than they can be written are dropped and counted.
"""

import json
import logging
import os
import queue
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services import metrics
from services.seen import Seen
from tatara.core.errors import UsageError
from tatara.core.files import sha256_bytes
from tatara.core.release import folder_name

if TYPE_CHECKING:
    import pyarrow

logger = logging.getLogger("tatara.journal")
WAITING = 10_000
"""Rows that may wait to be written."""
REDACTED = "redacted"


@dataclass(frozen=True)
class Journal:
    """How the log is kept.

    Attributes:
        folder: that the files lie in, a folder a model: ``NAME/TIME-NUMBER.parquet``.
        sample: share of requests that is kept, 0 to 1.
        redact: names of an answer's fields that are replaced by ``redacted``, at any depth.
        images: keep the files' bytes too; their digests are kept in any case.
        rows: in one file.
        seconds: after which a file is ended that has fewer.
        days: after which a file is deleted; 0 keeps all.
    """

    folder: Path
    sample: float = 1.0
    redact: tuple[str, ...] = ()
    images: bool = False
    rows: int = 1000
    seconds: float = 60.0
    days: int = 30


def wanted() -> Journal | None:
    """What the environment asks for, by ``TATARA_JOURNAL`` and, for the other fields, ``TATARA_JOURNAL_<FIELD>``.

    Raises:
        UsageError: a value is not of its field's type or range.
    """
    if not (folder := os.environ.get("TATARA_JOURNAL")):
        return None
    given = {
        name: os.environ.get(f"TATARA_JOURNAL_{name.upper()}", "") for name in ("sample", "redact", "images", "days")
    }
    values: dict[str, Any] = {}
    try:
        if given["sample"]:
            values["sample"] = float(given["sample"])
        if given["days"]:
            values["days"] = int(given["days"])
    except ValueError:
        raise UsageError("TATARA_JOURNAL_SAMPLE is a share from 0 to 1, TATARA_JOURNAL_DAYS a whole number") from None
    if not 0 <= values.get("sample", 1) <= 1 or values.get("days", 0) < 0:
        raise UsageError("TATARA_JOURNAL_SAMPLE is a share from 0 to 1, TATARA_JOURNAL_DAYS at least 0")
    if given["images"] not in ("", "0", "1"):
        raise UsageError(f"TATARA_JOURNAL_IMAGES={given['images']!r}: 1 keeps the files, 0 their digests alone")
    names = tuple(name for part in given["redact"].split(",") if (name := part.strip()))
    return Journal(Path(folder), redact=names, images=given["images"] == "1", **values)


def schema() -> "pyarrow.Schema":
    """A row is one file of one request."""
    import pyarrow as pa

    texts = ("request_id", "model", "version", "lineage", "graph", "path", "options", "file", "sha256", "answer")
    return pa.schema(
        [("at", pa.timestamp("us", tz="UTC")), *((name, pa.string()) for name in texts),
         ("position", pa.int32()), ("seconds", pa.float64()), ("content", pa.binary())]
    )  # fmt: skip


class Writer:
    """Writes rows from a thread of its own.

    Raises:
        UsageError: pyarrow is not installed, or the folder cannot be written to.
    """

    def __init__(self, journal: Journal) -> None:
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise UsageError("TATARA_JOURNAL is set and pyarrow is not installed; install the observe lock") from None
        try:
            journal.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"TATARA_JOURNAL={journal.folder}: {error.strerror}") from None
        self._journal = journal
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def write(self, seen: Seen) -> None:
        """Keep a request about files that was answered; returns at once. A sampled request is kept whole."""
        if (
            seen.status != 200
            or not seen.answers
            or len(seen.files) != len(seen.answers)
            or random.random() >= self._journal.sample
        ):
            return
        for row in _rows(seen, self._journal):
            try:
                self._waiting.put_nowait(row)
            except queue.Full:
                metrics.JOURNAL_DROPPED.inc()

    def close(self) -> None:
        """Write what is waiting."""
        with suppress(queue.Full):
            self._waiting.put(None, timeout=1)
        self._thread.join(10)

    def _work(self) -> None:
        held: list[dict[str, Any]] = []
        until = time.monotonic() + self._journal.seconds
        while True:
            try:
                row = self._waiting.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                row = {}
            if row:
                held.append(row)
            if row is None or len(held) >= self._journal.rows or time.monotonic() >= until:
                self._flush(held)
                held, until = [], time.monotonic() + self._journal.seconds
            if row is None:
                return

    def _flush(self, rows: Sequence[dict[str, Any]]) -> None:
        for model in sorted({row["model"] for row in rows}):
            some = [row for row in rows if row["model"] == model]
            folder = self._journal.folder / folder_name(model)
            try:
                _store(folder, some)
                _forget(folder, self._journal.days)
            except OSError as error:
                metrics.JOURNAL_DROPPED.inc(len(some))
                logger.error("%d rows of the prediction log are lost: %s", len(some), error)


def _rows(seen: Seen, journal: Journal) -> Iterator[dict[str, Any]]:
    for position, ((name, content), answer) in enumerate(zip(seen.files, seen.answers, strict=True)):
        yield {
            "at": int(seen.began * 1e6),
            "request_id": seen.id,
            "model": seen.model,
            "version": seen.version,
            "lineage": seen.lineage,
            "graph": seen.graph,
            "path": seen.path,
            "options": json.dumps(seen.options, sort_keys=True),
            "file": name,
            "sha256": sha256_bytes(content),
            "answer": json.dumps(redacted(json.loads(answer), journal.redact)) if journal.redact else answer.decode(),
            "position": position,
            "seconds": seen.seconds,
            "content": content if journal.images else None,
        }


def redacted(value: Any, names: Sequence[str]) -> Any:
    """The value with every field of those names replaced, at any depth."""
    if isinstance(value, dict):
        return {key: REDACTED if key in names else redacted(one, names) for key, one in value.items()}
    return [redacted(one, names) for one in value] if isinstance(value, list) else value


def _store(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{time.time_ns() % 10**9:09d}"
    temporary = folder / f"{stem}.unfinished"  # another ending, so that no reader takes it for one of the log's files
    try:
        parquet.write_table(pa.Table.from_pylist(list(rows), schema()), temporary, compression="zstd")
        temporary.rename(folder / f"{stem}.parquet")
    finally:
        temporary.unlink(missing_ok=True)


def _forget(folder: Path, days: int) -> None:
    oldest = time.time() - 86400 * days
    for path in folder.glob("*.parquet") if days else ():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def find(folder: Path, request_id: str) -> list[dict[str, Any]]:
    """The rows of one request, in the order of its files; the latest one, where clients gave an id twice.

    Raises:
        UsageError: no such request in the log, or no log.
    """
    from pyarrow import dataset

    files = [str(path) for path in folder.glob("*/*.parquet")]
    if not files:
        raise UsageError(f"{folder}: no prediction log; a service keeps one where TATARA_JOURNAL names a folder")
    table = dataset.dataset(files, schema(), format="parquet").to_table(
        filter=dataset.field("request_id") == request_id
    )
    rows: list[dict[str, Any]] = table.sort_by("position").to_pylist()
    if not rows:
        raise UsageError(f"{folder}: no request {request_id}; it was refused, not sampled, or is older than the log")
    latest = max(row["at"] for row in rows)
    return [row for row in rows if row["at"] == latest]
