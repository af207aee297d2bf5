"""The parts of a card that people write; each edit is an act in the audit log, which holds the text."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from registry import audit, users
from registry.acting import act, known
from registry.records import Act
from registry.states import Actor, at_least, follow
from registry.words import harmless
from tatara.core.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST = 4_000
"""Characters of a section."""
SectionName = Literal["intended_use", "out_of_scope", "limits", "licence", "notes"]
SECTIONS: dict[SectionName, str] = {
    "intended_use": "Intended use",
    "out_of_scope": "Out-of-scope use",
    "limits": "Known limits",
    "licence": "Licence",
    "notes": "Notes",
}
"""Name -> heading."""


@dataclass(frozen=True)
class Written:
    """What is written in a section, by whom and when."""

    text: str
    by: str
    at: str


def written(acts: Iterable[Act]) -> dict[str, Written]:
    """Section -> what stands there.

    Args:
        acts: on the version, newest first.

    Raises:
        RefusedError: an edit was changed in the log.
    """
    found: dict[str, Written] = {}
    for one in acts:
        if one.act == "edit_card" and one.detail.get("section") in SECTIONS:
            if audit.true_digest(one) != one.digest:
                raise RefusedError(f"line {one.sequence} of the audit log was edited; run `tatara review audit`")
            found.setdefault(one.detail["section"], Written(str(one.detail.get("text", "")), one.user, one.at))
    return found


def refusal(actor: Actor, author: str) -> str | None:
    """Why somebody whose role would do may not write the card of ``author``'s version; None where he may."""
    if actor.name == author or at_least(actor, "reviewer"):
        return None
    return f"is written by its author {author}, and by reviewers"


def edit(user: str, name: str, version: str, section: str, text: str, instead_of: str | None = None) -> None:
    """See `registry.review.edit_card`."""
    if section not in SECTIONS:
        raise UsageError(f"{section[:80]!r} is no section that is written by hand; there are {', '.join(SECTIONS)}")
    kept = _plain(text)
    if len(kept) > LONGEST:
        raise UsageError(f"{section} has {len(kept)} characters, at most {LONGEST}")
    with audit.writing() as connection:
        _edit(connection, user, (name, version), section, kept, instead_of)


def _plain(text: str) -> str:
    return harmless(text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _edit(
    connection: "Connection", user: str, of: tuple[str, str], section: str, text: str, instead_of: str | None
) -> None:
    actor, row = users.actor(connection, user), known(connection, *of)
    follow(row.what, row.state, "edit_card", actor)
    if (why := refusal(actor, row.author)) is not None:
        raise RefusedError(f"the card of {row.what} {why}")
    there = written(audit.read(connection, *of)).get(section)
    if there and instead_of is not None and there.text not in (_plain(instead_of), text):
        raise RefusedError(f"{there.by} wrote this section meanwhile; see what stands there, then save again")
    if text != (there.text if there else ""):
        act(connection, row, "edit_card", actor, {"section": section, "text": text})
