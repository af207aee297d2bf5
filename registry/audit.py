"""The audit log: append-only, chained by SHA-256, its head signed.

Whoever can write to the database can write a whole new log. What he cannot do is make one that a head lies in which
was signed before and is kept elsewhere.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import database
from registry.keys import folder, signing_key
from registry.records import Act, State
from registry.states import Actor
from tatara.core.contract import Strict
from tatara.core.envelope import opened, seal
from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.files import canonical_json, digest, sha256_bytes, write_text

if TYPE_CHECKING:
    from sqlalchemy import Connection

KIND = "audit-head"


class Head(Strict):
    """The log's last line: with a copy kept elsewhere, cutting lines off is noticed."""

    sequence: int
    digest: str
    at: str


def now() -> str:
    """This second, UTC, ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def writing() -> "Iterator[Connection]":
    """`database.writing`, after which this machine keeps the log's new head."""
    with database.writing() as connection:
        yield connection
    keep_head()


def append(
    connection: "Connection", actor: Actor, act: str, name: str | None = None, version: str | None = None,
    before: State | None = None, after: State | None = None, detail: dict[str, Any] | None = None,
) -> Act:  # fmt: skip
    """Add one line, within the transaction of what it tells of."""
    from registry.tables import AUDIT

    last = last_act(connection)
    line = {
        "sequence": last.sequence + 1 if last else 1, "at": now(), "user": actor.name, "role": actor.role, "act": act,
        "name": name, "version": version, "before": before, "after": after, "detail": detail or {},
        "previous": last.digest if last else "",
    }  # fmt: skip
    made = Act.model_validate({**line, "digest": digest(line)})
    connection.execute(AUDIT.insert().values({**line, "detail": canonical_json(line["detail"]), "digest": made.digest}))
    return made


def acts(name: str | None = None, version: str | None = None, newest: int | None = None) -> tuple[Act, ...]:
    """The log, newest first: of one model, of one version, or all of it."""
    with database.reading() as connection:
        return tuple(read(connection, name, version, newest))


def read(
    connection: "Connection", name: str | None = None, version: str | None = None, newest: int | None = None
) -> list[Act]:
    """`acts`, within a transaction."""
    from registry.tables import AUDIT

    query = AUDIT.select().order_by(AUDIT.c.sequence.desc()).limit(newest)
    if name is not None:
        query = query.where(AUDIT.c.name == name)
    if version is not None:
        query = query.where(AUDIT.c.version == version)
    return [act_of(row) for row in connection.execute(query).mappings()]


def act_of(row: Any) -> Act:
    """The act in a row of the table.

    Raises:
        RefusedError: the row cannot have been written by `append`.
    """
    try:
        return Act.model_validate({**row, "detail": json.loads(row["detail"])})
    except ValueError:
        raise RefusedError(f"line {row['sequence']} of the audit log was edited; run `tatara review audit`") from None


def last_act(connection: "Connection") -> Act | None:
    """The newest line."""
    return next(iter(read(connection, newest=1)), None)


def line(connection: "Connection", sequence: int) -> Act:
    """One line, which says what its digest says.

    Raises:
        RefusedError: it is gone, or was edited.
    """
    from registry.tables import AUDIT

    row = connection.execute(AUDIT.select().where(AUDIT.c.sequence == sequence)).mappings().first()
    found = act_of(row) if row else None
    if found is None or true_digest(found) != found.digest:
        raise RefusedError(f"line {sequence} of the audit log was {'edited' if found else 'deleted'}")
    return found


def true_digest(act: Act) -> str:
    """The digest that the act's own fields give."""
    return digest(act.model_dump(mode="json", exclude={"digest"}))


def head() -> Head | None:
    """The newest line's place and digest, None where the log is empty."""
    with database.reading() as connection:
        last = last_act(connection)
    return Head(sequence=last.sequence, digest=last.digest, at=last.at) if last else None


def save_head(path: Path) -> Head:
    """Write the signed head to a file, to be kept where the store's writers cannot reach.

    Raises:
        UsageError: the log is empty.
        TataraError: the file cannot be written.
    """
    found = head()
    if found is None:
        raise UsageError("the audit log is empty; there is no head to save yet")
    try:
        write_text(path, seal(found, KIND, signing_key()).model_dump_json() + "\n")
    except OSError as error:
        raise TataraError(f"{path} cannot be written ({error.strerror})") from None
    return found


def read_head(path: Path) -> Head:
    """A head that `save_head` wrote, its signature verified.

    Raises:
        RefusedError: not one, or changed.
        TataraError: no such file.
    """
    try:
        return opened(path.read_bytes(), KIND, Head, signing_key().public_key())
    except RefusedError as error:
        raise RefusedError(f"{path}: {error}") from None
    except OSError as error:
        raise TataraError(f"{path} cannot be read ({error.strerror}); save one with head save={path}") from None


def kept_head() -> Path:
    """Where this machine keeps the head of the store that is configured now."""
    return folder() / "heads" / f"{sha256_bytes(database.uri().encode())[:16]}.json"


def keep_head() -> None:
    """Move this machine's head forward along the log.

    One that is unreadable, or does not lie in the log, stays: `verify` tells of it.
    """
    from registry.tables import AUDIT

    path = kept_head()
    with database.reading() as connection, suppress(RefusedError):
        last = last_act(connection)
        known = read_head(path) if path.exists() else None
        if last is None or (known and known.sequence >= last.sequence):
            return
        if known:
            held = connection.execute(AUDIT.select().where(AUDIT.c.digest == known.digest)).mappings().first()
            if held is None or held["sequence"] != known.sequence:
                return
        made = Head(sequence=last.sequence, digest=last.digest, at=last.at)
        write_text(path, seal(made, KIND, signing_key()).model_dump_json() + "\n")
