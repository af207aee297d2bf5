"""Who may do what in the review: names, roles, passwords and one-time links."""

import re
import secrets
import time
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from registry import audit, database
from registry.records import Role, User
from registry.states import Actor, at_least
from tatara.core.errors import RefusedError, UsageError
from tatara.core.files import sha256_bytes
from tatara.core.login import login as login

if TYPE_CHECKING:
    from argon2 import PasswordHasher
    from sqlalchemy import Connection

SHORTEST = 12
LONGEST = 1024
"""Characters of a password."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


def shell_user() -> str:
    """Who acts in this shell, see `login`.

    Raises:
        UsageError: the login is no user's name.
    """
    return normal(login())


def normal(name: str) -> str:
    """The one spelling of a user's name: lower case, so that nobody is two.

    Raises:
        UsageError: not a name.
    """
    if (found := _spelled(name)) is not None:
        return found
    raise UsageError(f"{name[:80]!r} is no user name: letters, digits and ._@+-, at most 64")


def _spelled(name: str) -> str | None:
    """`normal`, None where it is not a name; letters that are lower case only in ASCII's eyes are none."""
    kept = name.strip()
    return kept.lower() if kept.isascii() and _NAME.fullmatch(kept.lower()) else None


def find(name: str) -> User | None:
    """The user of that name, whatever its case."""
    with database.reading() as connection:
        row = _row(connection, name)
    return User(name=row["name"], role=row["role"]) if row else None


def everyone() -> tuple[User, ...]:
    """All users, by name."""
    from registry.tables import USERS

    with database.reading() as connection:
        rows = connection.execute(USERS.select().order_by(USERS.c.name)).mappings()
        return tuple(User(name=row["name"], role=row["role"]) for row in rows)


def actor(connection: "Connection", name: str) -> Actor:
    """Who acts, with his role now.

    Raises:
        RefusedError: the registry knows nobody of that name.
    """
    row = _row(connection, name)
    if row is None:
        raise RefusedError(
            f"the registry knows no user {name[:80]!r}; an admin adds one: tatara review users add NAME role=ROLE"
        )
    return Actor(row["name"], row["role"])


def runner(connection: "Connection", name: str) -> Actor:
    """Who runs a pipeline: a user, or anybody."""
    row = _row(connection, name)
    return Actor(row["name"], row["role"]) if row else stranger(name)


def stranger(name: str) -> Actor:
    """Somebody whom the registry does not know, by a name that is no policy's and hides nothing; else ``unknown``."""
    odd = not name.strip() or len(name) > 128 or not name.isprintable() or ":" in name
    return Actor("unknown" if odd else name.strip())


def add(actor_name: str, name: str, role: Role) -> User:
    """Make a user, without a password. Until there is an admin, anyone who can write to the store may make the first.

    Raises:
        RefusedError: ``actor_name`` is no admin.
        UsageError: the name is taken, or not one (letters, digits and ``._@+-``, at most 64).
    """
    from registry.tables import USERS

    made = User(name=normal(name), role=_role(role))
    with audit.writing() as connection:
        if _admins(connection) or role != "admin":
            acting = _admin(connection, actor_name)
        else:
            acting = stranger(actor_name)
        if _row(connection, made.name):
            raise UsageError(
                f"there is a user {made.name!r} already; users role {made.name} role=ROLE changes his role"
            )
        connection.execute(USERS.insert().values(name=made.name, role=made.role))
        audit.append(connection, acting, "user_added", detail={"user": made.name, "role": made.role})
    return made


def change_role(actor_name: str, name: str, role: Role) -> User:
    """Give a user another role; the last admin keeps his.

    Raises:
        RefusedError: ``actor_name`` is no admin, or it is the last admin's role.
        UsageError: no such user or role.
    """
    from registry.tables import USERS

    with audit.writing() as connection:
        acting, found = _admin(connection, actor_name), _known(connection, name)
        _keep_an_admin(connection, found, role)
        connection.execute(USERS.update().where(USERS.c.name == found.name).values(role=_role(role)))
        detail = {"user": found.name, "role": role, "was": found.role}
        audit.append(connection, acting, "user_role", detail=detail)
    return User(name=found.name, role=role)


def remove(actor_name: str, name: str) -> None:
    """Remove a user with his links, sessions and tokens; what he did stays in the log. The last admin stays.

    Raises:
        RefusedError: ``actor_name`` is no admin, or it is the last admin.
        UsageError: no such user.
    """
    from registry.tables import SESSIONS, TOKENS, USERS

    with audit.writing() as connection:
        acting, found = _admin(connection, actor_name), _known(connection, name)
        _keep_an_admin(connection, found, None)
        connection.execute(SESSIONS.delete().where(SESSIONS.c.user == found.name))
        connection.execute(USERS.delete().where(USERS.c.name == found.name))
        connection.execute(TOKENS.delete().where(TOKENS.c.user == found.name))
        audit.append(connection, acting, "user_removed", detail={"user": found.name, "was": found.role})


def link(actor_name: str, name: str, minutes: int = 60) -> str:
    """A one-time token with which ``name`` sets a password; stored hashed, and void with the next one.

    An admin makes it for anybody. While nobody has a password, whoever can write to the store makes one for an admin:
    the page's first start does, and prints the address that holds it.

    Raises:
        RefusedError: ``actor_name`` is no admin.
        UsageError: no such user.
    """
    from registry.tables import TOKENS

    token = secrets.token_urlsafe(32)
    with audit.writing() as connection:
        found = _known(connection, name)
        acting = (
            stranger(actor_name)
            if _no_password(connection) and found.role == "admin"
            else _admin(connection, actor_name)
        )
        connection.execute(TOKENS.delete().where(TOKENS.c.user == found.name))
        expires = int(time.time()) + 60 * minutes
        connection.execute(TOKENS.insert().values(digest=hashed(token), user=found.name, expires=expires))
        audit.append(connection, acting, "link_made", detail={"user": found.name, "minutes": minutes})
    return token


def nobody_can_sign_in() -> bool:
    """Whether no user has a password yet."""
    with database.reading() as connection:
        return _no_password(connection)


def _no_password(connection: "Connection") -> bool:
    from registry.tables import USERS

    return connection.execute(USERS.select().where(USERS.c.password.is_not(None))).first() is None


def redeem(token: str, password: str) -> User:
    """Set the password of the user whom ``token`` was made for; it works once, and ends his sessions of the page.

    Raises:
        RefusedError: no such token, used, or expired.
        UsageError: the password has fewer than 12 characters.
    """
    from registry.tables import SESSIONS, TOKENS, USERS

    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"a password has {SHORTEST} to {LONGEST} characters")
    with database.reading() as connection:
        _redeemable(connection, token)  # before a hash is paid for
    secret = _hasher().hash(_bytes(password))
    with audit.writing() as connection:
        row = _redeemable(connection, token)
        found = _known(connection, row["user"])
        connection.execute(TOKENS.delete().where(TOKENS.c.user == found.name))
        connection.execute(SESSIONS.delete().where(SESSIONS.c.user == found.name, SESSIONS.c.kind == "page"))
        connection.execute(USERS.update().where(USERS.c.name == found.name).values(password=secret))
        audit.append(
            connection,
            Actor(found.name, found.role),
            "password_set",
            detail={"user": found.name, "password": sha256_bytes(secret.encode())},
        )
    return found


def _redeemable(connection: "Connection", token: str) -> Any:
    from registry.tables import TOKENS

    row = connection.execute(TOKENS.select().where(TOKENS.c.digest == hashed(token))).mappings().first()
    if row is None or row["expires"] < time.time():
        raise RefusedError("this link was used, is too old, or never was one; an admin makes a new one")
    return row


def authenticate(name: str, password: str) -> User | None:
    """The user, or None where name and password do not belong together; both take as long."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    with database.reading() as connection:
        row = _row(connection, name)
    kept = row["password"] if row else None
    try:
        _hasher().verify(kept or _nobodys(), _bytes(password[:LONGEST]))
    except (Argon2Error, InvalidHashError):
        return None
    return User(name=row["name"], role=row["role"]) if row and kept else None


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobodys() -> str:
    """A hash to be as slow on, where there is nobody."""
    return _hasher().hash(secrets.token_urlsafe(32))


def _bytes(password: str) -> bytes:
    """A shell may hand on bytes that are no text."""
    return password.encode(errors="surrogateescape")


def hashed(token: str) -> str:
    """256 random bits need no salt and no slowness."""
    return sha256_bytes(token.encode(errors="replace"))


def _role(role: str) -> Role:
    known: dict[str, Role] = {each: each for each in get_args(Role)}
    if role not in known:
        raise UsageError(f"no role {role[:40]!r}; roles: {', '.join(known)}")
    return known[role]


def _row(connection: "Connection", name: str) -> Any:
    from registry.tables import USERS

    if (spelled := _spelled(name)) is None:
        return None
    return connection.execute(USERS.select().where(USERS.c.name == spelled)).mappings().first()


def _known(connection: "Connection", name: str) -> User:
    row = _row(connection, name)
    if row is None:
        raise UsageError(f"no user {name[:80]!r}; `tatara review users list` shows them")
    return User(name=row["name"], role=row["role"])


def _admins(connection: "Connection") -> list[str]:
    from registry.tables import USERS

    return [row["name"] for row in connection.execute(USERS.select().where(USERS.c.role == "admin")).mappings()]


def _admin(connection: "Connection", name: str) -> Actor:
    if not _admins(connection):
        raise RefusedError(f"there is no admin yet; make the first: tatara review users add {name[:64]} role=admin")
    found = actor(connection, name)
    if not at_least(found, "admin"):
        raise RefusedError(f"users are an admin's to change, and {found.name} is {found.role}")
    return found


def _keep_an_admin(connection: "Connection", found: User, role: Role | None) -> None:
    if found.role == "admin" and role != "admin" and _admins(connection) == [found.name]:
        raise RefusedError(f"{found.name} is the only admin; make another one first")
