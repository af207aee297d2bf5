"""A user's CSV: one line a file, with its path, its label, and perhaps its split and speaker."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from pipelines.datasets.dataset import legal_name
from pipelines.datasets.image_folder import SPLIT_NAMES, Example
from tatara.core.errors import UsageError

HEADERS = {
    "path": ("path", "file", "filename", "file_name", "filepath", "image", "image_path", "audio"),
    "label": ("label", "class", "category", "target"),
    "split": ("split", "set", "subset"),
    "speaker": ("speaker", "speaker_id"),
}
"""Headers, in any case, by which a column is found; split and speaker may be absent."""


def read_table(path: Path) -> list[Example]:
    """The examples that a CSV lists; paths are relative to its folder. Comma, semicolon or tab separate.

    Raises:
        UsageError: a column, file or label is missing, a file is listed twice; the message names the line.
    """
    examples: list[Example] = []
    seen: dict[Path, int] = {}
    for number, row in _rows(path):
        where = f"{path} line {number}"
        file = _file(path.parent, where, row["path"])
        if (first := seen.setdefault(file, number)) != number:
            raise UsageError(f"{where}: {row['path']!r} is in line {first} already; leave one out")
        if not row["label"]:
            raise UsageError(f"{where}: {row['path']!r} has no label")
        split = row.get("split", "").lower()
        if split and split not in SPLIT_NAMES:
            raise UsageError(f"{where}: split {split!r} is none of {', '.join(SPLIT_NAMES)}")
        label = legal_name(row["label"], f"{where}: class")
        examples.append(Example(file, label, SPLIT_NAMES.get(split), row.get("speaker") or None))
    return examples


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number, and the values under our own names of the columns, without outer spaces."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    separator = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header = next(reader, [])
    columns = _columns(path, header)
    for row in reader:
        if not any(row):
            continue
        if len(row) != len(header):
            raise UsageError(f"{path} line {reader.line_num}: {len(row)} values under {len(header)} headers")
        yield reader.line_num, {name: row[column].strip() for name, column in columns.items()}


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    present = [name.strip().lower() for name in header]
    columns = {}
    for column, names in HEADERS.items():
        if found := [name for name in names if name in present]:
            columns[column] = present.index(found[0])
        elif column not in ("split", "speaker"):
            raise UsageError(f"{path}: no column for the {column} ({', '.join(names)}); headers: {', '.join(header)}")
    return columns


def _file(folder: Path, where: str, name: str) -> Path:
    file = folder / name
    if not name or not file.is_file():
        raise UsageError(f"{where}: no file {name!r} in {folder}")
    if file.name.startswith(".") or not file.name.isprintable():
        raise UsageError(f"{where}: the file name {file.name!r} is hidden or not printable; rename it")
    if file.is_symlink() and not file.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{where}: {name!r} is a symbolic link out of {folder}; put the file itself there")
    return file
