"""What a card is made of. All text is plain: whoever shows it escapes it."""

from typing import Any

from tatara.core.contract import Strict


class Measure(Strict):
    """A figure of the test split: of all of it, or of a ``part`` such as ``label=8``; with its 95 % interval."""

    metric: str
    part: str | None
    value: float
    low: float | None = None
    high: float | None = None


class Table(Strict):
    """Cells by row; every row is as long as ``head``."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Section(Strict):
    """One part of a card.

    Attributes:
        name: such as ``limits``; what `registry.review.edit_card` takes where ``editable``.
        title: heading.
        editable: prose that a person writes; else generated.
        text: plain text; an empty line ends a paragraph, ``- `` begins an item. Empty where nobody wrote any.
        table, code: below the text.
        by, at: who wrote the prose last, and when (UTC, ISO 8601).
    """

    name: str
    title: str
    editable: bool = False
    text: str = ""
    table: Table | None = None
    code: str | None = None
    by: str | None = None
    at: str | None = None


class Card(Strict):
    """A version's model card.

    Attributes:
        front: the metadata that Hugging Face reads, as plain values.
        sections: in the order of the page.
        measures: every figure in it, the metrics of the whole test split first.
        text: all of it as Hugging Face's ``README.md``: front matter and Markdown.
    """

    name: str
    version: str
    front: dict[str, Any]
    sections: tuple[Section, ...]
    measures: tuple[Measure, ...]
    text: str
