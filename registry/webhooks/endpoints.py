"""Endpoints: an admin adds, removes and looks at them; the audit log says so, and what the store has is held to it."""

import re
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

from registry import audit, database, users
from registry.states import Actor, at_least
from registry.webhooks import addresses, signature
from registry.webhooks.outbox import Event
from tatara.core.contract import Strict
from tatara.core.errors import RefusedError, UsageError
from tatara.core.files import digest

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST = 20
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Letter(Strict):
    """A message that was given up, or waits for another attempt.

    Attributes:
        act: its line of the audit log.
        said: how the last attempt ended, None where there was none.
    """

    act: int
    event: Event
    attempts: int
    said: str | None


class Hook(Strict):
    """An endpoint.

    Attributes:
        at: where it lies, without the path, which is often a secret.
        delivered: messages of the last 30 days.
        waiting, dead: oldest first.
    """

    name: str
    at: str
    events: tuple[Event, ...]
    delivered: int
    waiting: tuple[Letter, ...]
    dead: tuple[Letter, ...]


def add(user: str, name: str, url: str, events: Sequence[str]) -> str:
    """Tell ``url`` of ``events`` from now on; its secret, which is not shown again.

    Raises:
        RefusedError: no admin, or the URL leads to an address that is not global.
        UsageError: the name is taken or not one, no URL, or no such event.
    """
    from registry.tables import HOOKS

    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:80]!r} is no name of a webhook: lower-case letters, digits and ._-, at most 64")
    wanted, target = _events(events), addresses.parsed(url)
    with database.reading() as connection:
        _admin(connection, user)  # before anything is looked up for him
    addresses.checked(target)
    salt = secrets.token_hex(16)
    secret = signature.secret_of(salt)
    row = {"name": name, "url": str(target), "events": ",".join(wanted), "salt": salt,
           "secret": signature.fingerprint(secret)}  # fmt: skip
    with audit.writing() as connection:
        acting = _admin(connection, user)
        there = [one["name"] for one in connection.execute(HOOKS.select()).mappings()]
        if name in there:
            raise UsageError(f"there is a webhook {name!r} already; remove it first: tatara review hooks remove {name}")
        if len(there) >= MOST:
            raise UsageError(f"there are {MOST} webhooks already; remove one first")
        connection.execute(HOOKS.insert().values(row))
        detail = {"hook": name, "at": addresses.origin(target), "events": wanted, "endpoint": row_digest(row)}
        audit.append(connection, acting, "hook_added", detail=detail)
    return signature.shown(secret)


def remove(user: str, name: str) -> None:
    """Tell it nothing more; what waited for it is dropped.

    Raises:
        RefusedError: no admin.
        UsageError: no such webhook.
    """
    from registry.tables import DELIVERIES, HOOKS

    with audit.writing() as connection:
        acting = _admin(connection, user)
        if connection.execute(HOOKS.delete().where(HOOKS.c.name == name)).rowcount == 0:
            raise _unknown(name)
        connection.execute(DELIVERIES.delete().where(DELIVERIES.c.hook == name))
        audit.append(connection, acting, "hook_removed", detail={"hook": name})


def retry(user: str, name: str) -> int:
    """Send again what was given up, from the first attempt on; the number of messages.

    Raises:
        RefusedError: no admin.
        UsageError: no such webhook.
    """
    from registry.tables import DELIVERIES, HOOKS

    dead = (DELIVERIES.c.hook == name, DELIVERIES.c.state == "dead")
    with audit.writing() as connection:
        acting = _admin(connection, user)
        if connection.execute(HOOKS.select().where(HOOKS.c.name == name)).first() is None:
            raise _unknown(name)
        again = {"state": "waiting", "attempts": 0, "due": 0, "lease": None}
        count = connection.execute(DELIVERIES.update().where(*dead).values(again)).rowcount
        audit.append(connection, acting, "hook_retried", detail={"hook": name, "messages": count})
    return count


def every(user: str) -> tuple[Hook, ...]:
    """All of them, by name.

    Raises:
        RefusedError: no admin.
    """
    from registry.tables import DELIVERIES, HOOKS

    with database.reading() as connection:
        _admin(connection, user)
        hooks = list(connection.execute(HOOKS.select().order_by(HOOKS.c.name)).mappings())
        sent = list(connection.execute(DELIVERIES.select().order_by(DELIVERIES.c.act)).mappings())
    return tuple(_hook(row, [one for one in sent if one["hook"] == row["name"]]) for row in hooks)


def row_digest(row: Any) -> str:
    """What the log keeps of a row of the table."""
    return digest({key: row[key] for key in ("name", "url", "events", "salt", "secret")})


def _hook(row: Any, sent: list[Any]) -> Hook:
    def letters(state: str) -> tuple[Letter, ...]:
        keys = ("act", "event", "attempts", "said")
        return tuple(Letter.model_validate({key: one[key] for key in keys}) for one in sent if one["state"] == state)

    return Hook(
        name=row["name"], at=addresses.origin(addresses.parsed(row["url"])), events=tuple(row["events"].split(",")),
        delivered=sum(one["state"] == "delivered" for one in sent), waiting=letters("waiting"), dead=letters("dead"),
    )  # fmt: skip


def _events(given: Sequence[str]) -> list[Event]:
    known: tuple[Event, ...] = get_args(Event)
    for one in given:
        if one not in known:
            raise UsageError(f"no event {one[:40]!r}; events: {', '.join(known)}")
    return [one for one in known if one in given] or list(known)


def _admin(connection: "Connection", user: str) -> Actor:
    found = users.actor(connection, user)
    if not at_least(found, "admin"):
        raise RefusedError(f"webhooks are an admin's, and {found.name} is {found.role}")
    return found


def _unknown(name: str) -> UsageError:
    return UsageError(f"no webhook {name[:80]!r}; `tatara review hooks list` shows them")
