"""One act on one version: its row read, the table followed, the row and the log written, all in one transaction."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry import audit
from registry.records import Act, State
from registry.states import ActName, Actor, Rule, follow
from registry.store import client
from registry.webhooks import outbox
from registry.words import plain_name, storable
from tatara.core.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

UNKNOWN_AUTHORS = ("", "unknown")


@dataclass(frozen=True)
class Row:
    """A version as the registry has it."""

    name: str
    version: str
    state: State
    author: str
    run_id: str
    kind: str
    since: str

    @property
    def what(self) -> str:
        """``NAME/VERSION``."""
        return f"{self.name}/{self.version}"


def find(connection: "Connection", name: str, version: str) -> Row | None:
    """The version's row, or None."""
    from registry.tables import VERSIONS

    if not storable(name) or not is_number(version):
        return None
    query = VERSIONS.select().where(VERSIONS.c.name == name, VERSIONS.c.version == version)
    row = connection.execute(query).mappings().first()
    return Row(**row) if row else None


def is_number(version: str) -> bool:
    """Whether it is written as MLflow's versions are: 1, 2, 3, ..."""
    return version.isascii() and version.isdecimal() and len(version) <= 18


def known(connection: "Connection", name: str, version: str) -> Row:
    """The version's row, held to the log.

    Raises:
        UsageError: there is none.
        RefusedError: the log says another state.
    """
    row = find(connection, name, version)
    if row is None:
        what = f"{name[:80]}/{version[:20]}"
        raise UsageError(
            f"the registry knows no {what}; `tatara review list all=true` shows what it knows, "
            f"`tatara review check {what}` takes a version of MLflow's in"
        )
    last = next((act for act in audit.read(connection, name, version) if act.after is not None), None)
    if last is None or last.after != row.state:
        says = last.after if last else "nothing"
        raise RefusedError(
            f"the store says that {row.what} is {row.state}, the audit log says {says}; run `tatara review audit`"
        )
    return row


def act(
    connection: "Connection", row: Row, name: ActName, actor: Actor, detail: dict[str, Any] | None = None,
    tell: bool = True,
) -> Row:  # fmt: skip
    """Do it: the row after it.

    Args:
        tell: webhooks of it; not of what is followed by another act at once.

    Raises:
        RefusedError: the state does not allow it, or the actor's role is too small.
    """
    return write(connection, row, name, follow(row.what, row.state, name, actor), actor, detail, tell)[0]


def write(
    connection: "Connection", row: Row, name: ActName, rule: Rule, actor: Actor, detail: dict[str, Any] | None = None,
    tell: bool = True,
) -> tuple[Row, Act]:  # fmt: skip
    """The row and the line of the log, where the rule is known to be followed already."""
    from registry.tables import VERSIONS

    made = audit.append(connection, actor, name, row.name, row.version, row.state, rule.to, detail)
    if tell:
        outbox.post(connection, made)
    if rule.to == row.state:
        return row, made
    where = (VERSIONS.c.name == row.name, VERSIONS.c.version == row.version)
    connection.execute(VERSIONS.update().where(*where).values(state=rule.to, since=made.at))
    return Row(**{**vars(row), "state": rule.to, "since": made.at}), made


def take_in(connection: "Connection", name: str, version: str, actor: Actor, source: tuple[str, str], kind: str) -> Row:
    """A draft of a version that the registry does not know yet; what is known stays as it is.

    Args:
        source: the run's id and its user, see `run_of`.
        kind: of the model, empty where that is not known yet.
    """
    from registry.tables import VERSIONS

    if find(connection, name, version) is not None:
        return known(connection, name, version)
    rule = follow(f"{name}/{version}", None, "register", actor)
    run_id, user = source
    author = (actor.name if user in UNKNOWN_AUTHORS else user).lower()
    detail = {"run_id": run_id, "author": author}
    made = audit.append(connection, actor, "register", name, version, None, rule.to, detail)
    row = Row(name, version, rule.to, author, run_id, kind, made.at)
    connection.execute(VERSIONS.insert().values(vars(row)))
    return row


def run_of(name: str, version: str) -> tuple[str, str]:
    """MLflow's id of the run that the version came from, and the run's user, empty where it does not say.

    Raises:
        UsageError: MLflow has no such version, or it came from no run.
    """
    from mlflow.exceptions import MlflowException

    try:
        if not storable(name) or not is_number(version):
            raise MlflowException("not a name or not a number")
        run_id = str(client().get_model_version(name, version).run_id or "")
        tags = client().get_run(run_id).data.tags
    except MlflowException:
        raise UsageError(f"MLflow's registry has no {name[:80]}/{version[:20]} that came from a run") from None
    return run_id, plain_name(str(tags.get("mlflow.user", "")))
