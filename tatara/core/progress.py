"""Progress of long work on standard error: a bar on a terminal or in Jupyter, a line every few seconds elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 5.0


def progress(iterable: Iterable[Item], total: int | None, label: str) -> Iterator[Item]:
    """Yield the items of ``iterable`` and show how far it is; ``total`` is their number where it is known."""
    if bars():
        from tqdm import tqdm

        yield from tqdm(iterable, total=total, desc=label, file=sys.stderr, dynamic_ncols=True)
        return
    began = shown = time.monotonic()
    count = said = 0
    for count, item in enumerate(iterable, 1):
        yield item
        if (now := time.monotonic()) - shown >= SECONDS_BETWEEN_LINES:
            shown, said = now, count
            print(_line(label, count, total, now - began), file=sys.stderr, flush=True)
    if 0 < said < count:
        print(_line(label, count, total, time.monotonic() - began), file=sys.stderr, flush=True)


def bars() -> bool:
    """Whether standard error can draw a line anew: a terminal's can, and a notebook's."""
    return sys.stderr.isatty() or type(sys.stderr).__module__.startswith("ipykernel")


def say(line: str) -> None:
    """Write one line to standard error."""
    print(line, file=sys.stderr, flush=True)


def _line(label: str, count: int, total: int | None, seconds: float) -> str:
    share = f"/{total:,} ({count / total:.0%})" if total else ""
    rate = count / max(seconds, 1e-9)
    return f"{label}: {count:,}{share}, {seconds:.0f} s, {rate:,.{0 if rate >= 10 else 1}f}/s"
