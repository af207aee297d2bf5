"""A model card's text and tables as a page shows them; the template escapes every word."""

import re

from registry.card.records import Table

SHOWN, WHOLE = 8, 12
"""Rows of a table that are shown at once, and how many are not worth folding."""
Rows = tuple[tuple[str, ...], ...]
_NUMBER = re.compile(r"[+-]?[\d,]+(\.\d+)?")


def blocks(text: str) -> list[str | list[str]]:
    """Plain text as paragraphs and lists: an empty line ends a paragraph, ``- `` begins an item."""
    found: list[str | list[str]] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        begins = len(found)
        for line in map(str.strip, paragraph.split("\n")):
            last = found[-1] if len(found) > begins else None
            if line.startswith("- ") and isinstance(last, list):
                last.append(line[2:])
            elif line.startswith("- "):
                found.append([line[2:]])
            elif isinstance(last, str):
                found[-1] = f"{last}\n{line}"
            elif line:
                found.append(line)
    return found


def columns(table: Table) -> list[bool]:
    """Whether each column holds numbers, which stand at the right; the first names the row."""
    numbers = [
        any(cells) and all(not cell or _NUMBER.fullmatch(cell) for cell in cells)
        for cells in zip(*table.rows, strict=True)
    ]
    return [False, *numbers[1:]]


def folded(table: Table) -> tuple[Rows, Rows]:
    """Rows that are shown at once, and the rest."""
    return (table.rows, ()) if len(table.rows) <= WHOLE else (table.rows[:SHOWN], table.rows[SHOWN:])
