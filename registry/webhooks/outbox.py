"""The outbox: what is to be told is written in the transaction of the act that it tells of, so neither is without the
other. A row names the act alone; the message is made from the log when it is sent."""

import os
import time
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from registry.records import Act
from tatara.core.files import canonical_json

if TYPE_CHECKING:
    from sqlalchemy import Connection

Event = Literal["waits_for_review", "approved", "rejected", "promoted"]
EVENTS: dict[str, Event] = {
    "submit": "waits_for_review", "approve": "approved", "reject": "rejected", "promote": "promoted",
    "roll_back": "promoted",
}  # fmt: skip
"""Act -> what is told of it."""
URL = "TATARA_REVIEW_URL"


def post(connection: "Connection", act: Act) -> None:
    """Queue a message about ``act`` for every endpoint that wants it."""
    from registry.tables import DELIVERIES, HOOKS

    event = EVENTS.get(act.act)
    if event is None:
        return
    for row in connection.execute(HOOKS.select()).mappings():
        if event in row["events"].split(","):
            values = {"hook": row["name"], "act": act.sequence, "event": event, "state": "waiting", "attempts": 0}
            connection.execute(DELIVERIES.insert().values(**values, due=int(time.time())))


def message_id(act: Act) -> str:
    """Of an act's message; the same for every attempt and endpoint."""
    return f"msg_{act.digest[:32]}"


def body(act: Act) -> bytes:
    """The message: JSON of ``type``, ``timestamp`` and ``data`` {name, version, by, act, sequence[, role][, link]}.

    The link is there where ``TATARA_REVIEW_URL`` says where the review is served.
    """
    data: dict[str, Any] = {
        "name": act.name, "version": act.version, "by": act.user, "act": act.act, "sequence": act.sequence,
    }  # fmt: skip
    if (role := act.detail.get("role")) is not None:
        data["role"] = role
    if base := os.environ.get(URL):
        data["link"] = f"{base.rstrip('/')}/models/{quote(act.name or '', safe='')}/versions/{act.version}"
    return canonical_json({"type": f"version.{EVENTS[act.act]}", "timestamp": act.at, "data": data}).encode()
