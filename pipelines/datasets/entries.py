"""The files of a dataset folder, links told apart. Hidden files are no part of a dataset."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tatara.core.errors import TataraError


@dataclass(frozen=True)
class Entry:
    """One file or symbolic link below a folder.

    Attributes:
        path: relative, POSIX.
        link: where it leads if it is a symbolic link (to a file or a folder), else None.
        size, mtime_ns, ctime_ns: of the entry itself, from ``lstat``.
    """

    path: str
    link: str | None
    size: int
    mtime_ns: int
    ctime_ns: int


def entries(folder: Path) -> list[Entry]:
    """Every visible file and link below ``folder``, sorted by path; no link is followed.

    Raises:
        TataraError: a name is not UTF-8 or holds control characters; every record of the file would be spoilt.
    """
    return sorted(_walk(str(folder), ""), key=lambda entry: entry.path)


def _walk(folder: str, prefix: str) -> Iterator[Entry]:
    with os.scandir(folder) as items:
        for item in items:
            if item.name.startswith("."):
                continue
            if not item.name.isprintable():
                raise TataraError(f"{folder}: the file name {item.name!r} is not printable UTF-8; rename it")
            if item.is_dir(follow_symlinks=False):
                yield from _walk(item.path, f"{prefix}{item.name}/")
                continue
            facts = item.stat(follow_symlinks=False)
            link = os.readlink(item.path) if item.is_symlink() else None
            yield Entry(prefix + item.name, link, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
