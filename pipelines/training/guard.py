"""Keeps training away from the test split: while it runs, Python refuses to open a file there."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tatara.core.errors import RefusedError

_forbidden: list[str] = []


@contextmanager
def forbid_opening(folder: Path) -> Iterator[None]:
    """Within the block, opening a file below ``folder`` raises `RefusedError`, in every thread of the process."""
    _install()
    places = {os.path.abspath(folder), os.path.realpath(folder)}  # noqa: PTH100 (abspath follows no link)
    _forbidden.extend(places)
    try:
        yield
    finally:
        for place in places:
            _forbidden.remove(place)


@cache
def _install() -> None:
    """An audit hook stays for the life of the process, so there is one, which mostly has nothing to do."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not _forbidden or event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
        return
    path = os.fsdecode(arguments[0])
    for name in (os.path.abspath(path), os.path.realpath(path)):  # noqa: PTH100
        for folder in _forbidden:
            if name == folder or name.startswith(folder + os.sep):
                raise RefusedError(f"{path}: training may not open a file of the test split")
