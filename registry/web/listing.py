"""Versions in lists: filtered by words and state, a page at a time, and as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from registry.records import Summary
from registry.states import STATES

SIZE = 40


@dataclass(frozen=True)
class Asked:
    """What a list is asked for."""

    words: str = ""
    state: str = ""
    page: int = 1
    whose: str = ""

    def link(self, path: str, page: int) -> str:
        """Another page of the same list."""
        given = {"q": self.words, "state": self.state, "whose": self.whose, "page": page if page > 1 else ""}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{path}?{query}" if query else path


@dataclass(frozen=True)
class Listed:
    """A page of a list.

    Attributes:
        rows: on it.
        total: that match.
        page, pages: from 1.
        counts: state -> versions that match the words.
    """

    rows: tuple[Summary, ...]
    total: int
    page: int
    pages: int
    counts: dict[str, int]


def listed(found: Sequence[Summary], asked: Asked) -> Listed:
    """Those that have every word in their name, version, author, kind, state or roles."""
    words = asked.words.lower().split()
    matching = [one for one in found if all(word in _text(one) for word in words)]
    counts: dict[str, int] = {state: sum(one.state == state for one in matching) for state in STATES}
    chosen = [one for one in matching if not asked.state or one.state == asked.state]
    pages = max(1, -(-len(chosen) // SIZE))
    page = min(max(1, asked.page), pages)
    return Listed(tuple(chosen[(page - 1) * SIZE : page * SIZE]), len(chosen), page, pages, counts)


def _text(one: Summary) -> str:
    return " ".join(
        (f"{one.name}/{one.version}", one.author, one.kind, one.state.replace("_", " "), *one.roles)
    ).lower()
