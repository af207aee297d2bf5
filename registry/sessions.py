"""Who is signed in: sessions of the page and tokens of the HTTP API, random, stored hashed, ended at will."""

import secrets
import time
from typing import TYPE_CHECKING, Any, Literal

from registry import audit, database, users
from registry.records import User
from registry.states import Actor, at_least
from tatara.core.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

Kind = Literal["page", "api"]
HOURS = 12
"""Of a session of the page, whatever is done in it."""
MOST_DAYS = 366
"""Of a token of the API."""


def begin(name: str) -> str:
    """A session of a user who has proved who he is: the secret that his browser keeps.

    Raises:
        RefusedError: no such user.
    """
    with database.writing() as connection:
        return _keep(connection, "page", users.actor(connection, name).name, HOURS * 3600)


def token(actor_name: str, name: str, days: int = 90) -> str:
    """A token with which programs act as ``name`` over the HTTP API; on the record, and shown this once.

    Raises:
        RefusedError: ``actor_name`` is neither that user nor an admin, or there is no such user.
        UsageError: ``days`` is not between 1 and 366.
    """
    if not 1 <= days <= MOST_DAYS:
        raise UsageError(f"days={days}: a token lasts 1 to {MOST_DAYS} days")
    with audit.writing() as connection:
        acting, found = users.actor(connection, actor_name), users.actor(connection, name)
        _allow(acting, found)
        made = _keep(connection, "api", found.name, days * 86400)
        audit.append(connection, acting, "token_made", detail={"user": found.name, "days": days})
    return made


def revoke(actor_name: str, name: str) -> int:
    """End every session and token of a user; how many there were.

    Raises:
        RefusedError: as `token`.
    """
    from registry.tables import SESSIONS

    with audit.writing() as connection:
        acting, found = users.actor(connection, actor_name), users.actor(connection, name)
        _allow(acting, found)
        ended = connection.execute(SESSIONS.delete().where(SESSIONS.c.user == found.name)).rowcount
        audit.append(connection, acting, "tokens_revoked", detail={"user": found.name, "ended": ended})
    return int(ended)


def holder(secret: str, kind: Kind) -> User | None:
    """The user whose session or token it is, with his role now; None where it ended, or never was one."""
    from registry.tables import SESSIONS, USERS

    query = (
        USERS.select()
        .join(SESSIONS, SESSIONS.c.user == USERS.c.name)
        .where(
            SESSIONS.c.digest == users.hashed(secret), SESSIONS.c.kind == kind, SESSIONS.c.expires > int(time.time())
        )
    )
    return _first(query)


def invited(link: str) -> User | None:
    """The user for whom a one-time link is that still works."""
    from registry.tables import TOKENS, USERS

    query = (
        USERS.select()
        .join(TOKENS, TOKENS.c.user == USERS.c.name)
        .where(TOKENS.c.digest == users.hashed(link), TOKENS.c.expires >= int(time.time()))
    )
    return _first(query)


def end(secret: str) -> None:
    """Sign out."""
    from registry.tables import SESSIONS

    with database.writing() as connection:
        connection.execute(SESSIONS.delete().where(SESSIONS.c.digest == users.hashed(secret)))


def _first(query: "Select[Any]") -> User | None:
    with database.reading() as connection:
        row = connection.execute(query).mappings().first()
    return User(name=row["name"], role=row["role"]) if row else None


def _keep(connection: "Connection", kind: Kind, user: str, seconds: int) -> str:
    from registry.tables import SESSIONS

    now, secret = int(time.time()), secrets.token_urlsafe(32)
    connection.execute(SESSIONS.delete().where(SESSIONS.c.expires <= now))
    values = {"digest": users.hashed(secret), "kind": kind, "user": user, "expires": now + seconds}
    connection.execute(SESSIONS.insert().values(values))
    return secret


def _allow(acting: Actor, found: Actor) -> None:
    if acting.name != found.name and not at_least(acting, "admin"):
        raise RefusedError(f"the tokens of {found.name} are his and an admin's to make, and {acting.name} is neither")
