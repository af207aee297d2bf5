"""A card as Hugging Face's ``README.md``: front matter in YAML, then Markdown in which no text is more than text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from registry.card.records import Section, Table
from registry.words import harmless, one_line

NOTHING = "Nothing is written here yet."
_ALIVE = re.compile(r"[\\`*\[\]|~#]|(?<![^\W_])_|_(?![^\W_])")
_BEGINS = re.compile(r"^(\d{1,9})?([-+=.)])")
"""What would make of a line a list, a rule or the heading of the line above."""


def readme(front: Mapping[str, Any], title: str, sections: Sequence[Section]) -> str:
    """The whole file."""
    body = "\n\n".join(block for block in _blocks(title, sections) if block)
    return f"---\n{_yaml(front)}---\n\n{body}\n"


def _blocks(title: str, sections: Sequence[Section]) -> Iterator[str]:
    yield f"# {_escaped(title)}"
    for one in sections:
        yield f"## {_escaped(one.title)}"
        yield _paragraphs(one.text or (NOTHING if one.editable else ""))
        yield _fenced(one.code) if one.code else ""
        yield _rows(one.table) if one.table else ""


def _yaml(front: Mapping[str, Any]) -> str:
    return yaml.safe_dump(_plain(front), sort_keys=False, allow_unicode=True, width=10_000)


def _plain(value: Any) -> Any:
    """Every text on one line, so that none can end the front matter."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Mapping):
        return {one_line(str(key)): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _paragraphs(text: str) -> str:
    """Lines as they are written; items stay items."""
    return "\n".join(_written(one) for one in harmless(text).split("\n"))


def _written(text: str) -> str:
    text = text.strip()
    return f"- {_start(text[2:])}" if text.startswith("- ") else _start(text)


def _start(text: str) -> str:
    return _BEGINS.sub(lambda found: f"{found[1] or ''}\\{found[2]}", _escaped(text))


def _escaped(text: str) -> str:
    """Text on one line without Markdown and without HTML."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _ALIVE.sub(lambda found: f"\\{found[0]}", plain)


def _fenced(code: str) -> str:
    lines = [one_line(one) for one in code.split("\n")]
    longest = max([2, *(len(run) for one in lines for run in re.findall("`+", one))])
    fence = "`" * (longest + 1)
    return "\n".join([f"{fence}sh", *lines, fence])


def _rows(table: Table) -> str:
    rows = (table.head, tuple("---" for _ in table.head), *table.rows)
    return "\n".join(
        "| " + " | ".join(cell if cell == "---" else _escaped(cell) for cell in row) + " |" for row in rows
    )
