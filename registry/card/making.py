"""A version's card, made anew from what its run and the registry say now."""

from typing import TYPE_CHECKING

from registry import audit
from registry.acting import known
from registry.card.facts import gather
from registry.card.front import front
from registry.card.markdown import readme
from registry.card.prose import written
from registry.card.records import Card
from registry.card.sections import sections
from registry.judging import latest

if TYPE_CHECKING:
    from sqlalchemy import Connection


def make(connection: "Connection", name: str, version: str) -> Card:
    """See `registry.review.card`."""
    row = known(connection, name, version)
    facts, prose = gather(row, latest(connection, row)), written(audit.read(connection, name, version))
    metadata, parts = front(facts, prose.get("licence")), sections(facts, prose)
    return Card(
        name=name, version=version, front=metadata, sections=parts, measures=facts.measures,
        text=readme(metadata, row.what, parts),
    )  # fmt: skip
