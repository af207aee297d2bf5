"""Delivering what is due: claimed in the database, so that of several deliverers one sends it, and once where it lives.

One that dies between sending and noting it leaves its claim to run out; then the message goes again, with the same id.
"""

import asyncio
import logging
import random
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry import audit, database
from registry.webhooks import signature
from registry.webhooks.outbox import body, message_id
from registry.webhooks.sending import SECONDS, Outcome, send
from tatara.core.contract import Strict
from tatara.core.errors import RefusedError, TataraError

if TYPE_CHECKING:
    from sqlalchemy import Connection

BATCH = 20
LEASE = int(4 * SECONDS)
"""Seconds that a claim lasts."""
ATTEMPTS, FIRST, TIMES, LONGEST = 10, 5, 5, 12 * 3600
"""How often a message is tried; seconds to the second attempt, what each further wait is multiplied by, and the longest
wait: two days in all."""
KEPT = 30 * 86400
"""Seconds that what was delivered is kept."""
_log = logging.getLogger(__name__)


class Delivered(Strict):
    """What one round came to, in messages."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0


@dataclass(frozen=True)
class _Claimed:
    number: int
    attempts: int
    lease: str
    url: str
    headers: dict[str, str]
    content: bytes
    wrong: str | None
    """Why it cannot be sent at all."""


def deliver_due(now: float | None = None) -> Delivered:
    """Send what is due, at most `BATCH` messages at once.

    Args:
        now: seconds since 1970; the clock's by default.
    """
    moment = int(time.time() if now is None else now)
    if not _anything(moment):
        return Delivered()
    claimed = _claim(moment)
    outcomes = asyncio.run(_send(claimed))
    found = [_note(one, outcome, moment) for one, outcome in zip(claimed, outcomes, strict=True)]
    counts = {state: found.count(state) for state in ("delivered", "waiting", "dead")}
    return Delivered(delivered=counts["delivered"], failed=counts["waiting"], dead=counts["dead"])


@contextmanager
def running(every: float = 5.0) -> Iterator[None]:
    """A thread beside the block that delivers what is due, looking every so many seconds."""
    stop = threading.Event()
    thread = threading.Thread(target=_loop, args=(stop, every), name="webhooks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(2 * SECONDS)


def wait(attempts: int, chance: float | None = None) -> int:
    """Seconds until the next attempt after so many: longer each time, and spread by a fifth either way."""
    share = random.random() if chance is None else chance
    return int(min(LONGEST, FIRST * TIMES ** (attempts - 1)) * (0.8 + 0.4 * share))


def _loop(stop: threading.Event, every: float) -> None:
    while not stop.is_set():
        try:
            while sum(deliver_due().model_dump().values()) == BATCH and not stop.is_set():
                pass
        except Exception as error:
            _log.warning("webhooks: %s", " ".join(str(error).split()))
        stop.wait(every)


def _anything(moment: int) -> bool:
    from registry.tables import DELIVERIES

    with database.reading() as connection:
        return connection.execute(_due(DELIVERIES, moment).limit(1)).first() is not None


def _due(table: Any, moment: int) -> Any:
    return table.select().where(table.c.state == "waiting", table.c.due <= moment).order_by(table.c.due, table.c.number)


def _claim(moment: int) -> list[_Claimed]:
    from registry.tables import DELIVERIES, HOOKS

    lease = secrets.token_hex(8)
    with database.writing() as connection:
        old = (DELIVERIES.c.state == "delivered", DELIVERIES.c.due < moment - KEPT)
        connection.execute(DELIVERIES.delete().where(*old))
        rows = list(connection.execute(_due(DELIVERIES, moment).limit(BATCH)).mappings())
        hooks = {row["name"]: row for row in connection.execute(HOOKS.select()).mappings()}
        claim = {"lease": lease, "due": moment + LEASE, "attempts": DELIVERIES.c.attempts + 1}
        numbers = [row["number"] for row in rows]
        connection.execute(DELIVERIES.update().where(DELIVERIES.c.number.in_(numbers)).values(claim))
        return [_made(connection, row, hooks.get(row["hook"]), lease, moment) for row in rows]


def _made(connection: "Connection", row: Any, hook: Any, lease: str, moment: int) -> _Claimed:
    headers, content, wrong, url = {}, b"", None, ""
    try:
        secret = _secret(hook)
        act = audit.line(connection, row["act"])
        content, url = body(act), hook["url"]
        headers = signature.headers(secret, message_id(act), moment, content)
    except TataraError as error:
        wrong = str(error)
    return _Claimed(row["number"], row["attempts"] + 1, lease, url, headers, content, wrong)


def _secret(hook: Any) -> bytes:
    if hook is None:
        raise RefusedError("the webhook is not in the store any more")
    secret = signature.secret_of(hook["salt"])
    if signature.fingerprint(secret) != hook["secret"]:
        raise RefusedError("the webhook was added under another signing key than this machine's; remove and add it")
    return secret


async def _send(claimed: list[_Claimed]) -> list[Outcome]:
    async def one(message: _Claimed) -> Outcome:
        if message.wrong is not None:
            return Outcome(False, message.wrong)
        return await send(message.url, message.headers, message.content)

    return await asyncio.gather(*map(one, claimed))


def _note(message: _Claimed, outcome: Outcome, moment: int) -> str:
    """Write down how it ended, unless the claim ran out meanwhile; the message's state."""
    from registry.tables import DELIVERIES

    state, due = "delivered", moment
    if not outcome.delivered:
        state = "dead" if outcome.final or message.attempts >= ATTEMPTS else "waiting"
        due = moment + wait(message.attempts)
    where = (DELIVERIES.c.number == message.number, DELIVERIES.c.lease == message.lease)
    values = {"state": state, "due": due, "lease": None, "said": outcome.said[:200]}
    with database.writing() as connection:
        connection.execute(DELIVERIES.update().where(*where).values(values))
    return state
