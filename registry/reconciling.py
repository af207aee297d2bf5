"""Aliases and published records held to what the registry decided."""

from typing import TYPE_CHECKING, Any

from registry import audit, database, users
from registry.channel import current, found_alias, found_in_channel, publish, release_of
from registry.records import Moved
from registry.releases import ROLES, holders
from registry.states import at_least
from registry.store import client
from tatara.core.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection


def reconcile(user: str | None, fix: bool) -> tuple[Moved, ...]:
    """See `registry.review.reconcile`."""
    with database.reading() as connection:
        if fix:
            _operator(connection, user)
        found = [moved for name in _names(connection) for moved in _of(connection, name)]
    if not fix or not found:
        return tuple(found)
    for name, role in sorted({(one.name, one.role) for one in found}):
        publish(name, role)
    with audit.writing() as connection:
        actor = users.actor(connection, user or "")
        for one in found:
            detail = {"role": one.role, "what": one.what, "should": one.should, "found": one.found}
            audit.append(connection, actor, "reconcile", name=one.name, detail=detail)
    return tuple(one.model_copy(update={"mended": True}) for one in found)


def _operator(connection: "Connection", user: str | None) -> None:
    if user is None:
        raise UsageError("who puts it back? give a user")
    actor = users.actor(connection, user)
    if not at_least(actor, "operator"):
        raise RefusedError(f"putting aliases back takes the role operator, and {actor.name} is {actor.role}")


def _names(connection: "Connection") -> list[str]:
    """Models of MLflow's registry and of this one."""
    from registry.tables import RELEASES

    released = {row["name"] for row in connection.execute(RELEASES.select()).mappings()}
    return sorted(released | {str(model.name) for model in _models()})


def _models() -> list[Any]:
    found, token = [], None
    while True:
        page = client().search_registered_models(max_results=1000, page_token=token)
        found += list(page)
        if not (token := page.token):
            return found


def _of(connection: "Connection", name: str) -> list[Moved]:
    moved, decided = [], holders(connection, name)
    for role in ROLES:
        should, alias, row = decided.get(role), found_alias(name, role), current(connection, name, role)
        if alias != should:
            moved.append(Moved(name=name, role=role, what="alias", should=should, found=alias, mended=False))
        published = found_in_channel(name, role)
        if published != (row["envelope"] if row is not None else None):
            says = _version_in(published)
            moved.append(Moved(name=name, role=role, what="channel", should=should, found=says, mended=False))
    return moved


def _version_in(published: str | None) -> str | None:
    if published is None:
        return None
    try:
        release = release_of({"envelope": published})
    except RefusedError as error:
        return f"unreadable ({error})"
    return f"{release.version or 'nothing'} of release {release.sequence}"
