"""A model card as a page shows it: Markdown without HTML, links and pictures, below the headings of the page."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from registry.words import harmless

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

FENCE = "---\n"
DEEPER = 2
"""Levels that its headings are moved down."""


@dataclass(frozen=True)
class Card:
    """What its head says, as it is written, and its text as HTML."""

    head: str
    text: Markup


def card(source: str) -> Card:
    """A card as Hugging Face writes it: perhaps YAML between two lines of dashes, then Markdown."""
    plain = harmless(source.replace("\r\n", "\n"))
    head, body = "", plain
    if plain.startswith(FENCE) and (end := plain.find(f"\n{FENCE}", len(FENCE) - 1)) > 0:
        head, body = plain[len(FENCE) : end], plain[end + len(FENCE) + 1 :]
    reader = _reader()
    tokens = reader.parse(body)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + DEEPER)}"
    return Card(head, Markup(reader.renderer.render(tokens, reader.options, {})))  # noqa: S704 - the renderer escapes


@cache
def _reader() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    return made.disable(["link", "image", "autolink", "html_inline", "html_block", "reference"])
