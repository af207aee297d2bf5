"""Which version serves: promoting, rolling back, withdrawing and retiring, each a signed release record."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from registry import audit, signed, users
from registry.acting import Row, act, known, write
from registry.approvals import standing
from registry.binding import MODEL
from registry.channel import current, publish, release_of
from registry.judging import latest
from registry.keys import signing_key
from registry.records import Approval, Judgement
from registry.states import ActName, Actor, follow
from registry.store import local_artifacts
from tatara.core.envelope import seal
from tatara.core.errors import RefusedError, TataraError
from tatara.core.files import digest, read_json, sha256_file, tree
from tatara.core.home import state_root
from tatara.core.release import KIND, Release, ReleaseRole

if TYPE_CHECKING:
    from sqlalchemy import Connection

ROLES: tuple[ReleaseRole, ...] = get_args(ReleaseRole)
_TAG = re.compile(r"[A-Za-z0-9][\w.-]*:[A-Za-z0-9][\w.-]*", re.ASCII)


def holders(connection: "Connection", name: str) -> dict[ReleaseRole, str]:
    """Role -> the version that has it."""
    rows = {role: current(connection, name, role) for role in ROLES}
    return {role: row["version"] for role, row in rows.items() if row is not None and row["version"] is not None}


def promote(user: str | None, name: str, version: str, role: ReleaseRole, reason: str) -> Release:
    """See `registry.review.promote`."""
    row, judgement, approvals = standing(name, version)
    package = _package(row, judgement)
    with audit.writing() as connection:
        if user is None and (judgement.asked or not all(one.automatic for one in approvals)):
            raise RefusedError(f"{row.what} was approved by people, so an operator promotes it: tatara review promote")
        policy = Actor(f"policy:{judgement.policy}", policy=True)
        actor = policy if user is None else users.actor(connection, user)
        row = _same(connection, row, judgement)
        follow(row.what, row.state, "promote", actor)
        held = holders(connection, name)
        if user is None and judgement.overruled and held.get(role, version) != version:
            raise RefusedError(
                f"a gate blocks {row.what} and its author overruled it, so an operator lets it take the place of "
                f"{name}/{held[role]}: tatara review promote {row.what}"
            )
        if held.get(role) == version:
            release = release_of(current(connection, name, role))
        elif held.get("champion") == version:
            raise RefusedError(f"{row.what} is the champion; a canary is another version beside it")
        else:
            release = _give(connection, row, "promote", actor, role, package, approvals, reason)
    for each in ROLES:
        publish(name, each)
    return release


def roll_back(user: str, name: str, to_version: str, reason: str) -> Release:
    """See `registry.review.roll_back`."""
    row, judgement, approvals = standing(name, to_version, expired_too=True)
    package = _package(row, judgement)
    with audit.writing() as connection:
        actor = users.actor(connection, user)
        row = _same(connection, row, judgement)
        follow(row.what, row.state, "roll_back", actor)
        if not _was_champion(connection, name, to_version):
            raise RefusedError(f"{row.what} was never the champion; promote it instead")
        release = _give(connection, row, "roll_back", actor, "champion", package, approvals, reason)
    publish(name, "champion")
    return release


def withdraw(user: str, name: str, reason: str, meant: str | None) -> Release:
    """See `registry.review.withdraw`."""
    with audit.writing() as connection:
        actor = users.actor(connection, user)
        version = holders(connection, name).get("canary")
        if version is None:
            raise RefusedError(f"{name} has no canary; nothing to withdraw")
        if meant not in (None, version):
            raise RefusedError(f"the canary of {name} is version {version}, not {meant}; look at it again")
        row = known(connection, name, version)
        release = _record(connection, name, "canary", None, actor, reason)
        act(connection, row, "withdraw", actor, {"reason": reason, "releases": [_digest(release)]})
    publish(name, "canary")
    return release


def retire(user: str, name: str, version: str, reason: str) -> None:
    """See `registry.review.retire`."""
    with audit.writing() as connection:
        actor = users.actor(connection, user)
        row = known(connection, name, version)
        rule = follow(row.what, row.state, "retire", actor)
        roles = [role for role, holder in holders(connection, name).items() if holder == version]
        made = [_digest(_record(connection, name, role, None, actor, reason)) for role in roles]
        write(connection, row, "retire", rule, actor, {"reason": reason, "releases": made})
    for role in roles:
        publish(name, role)


def _give(
    connection: "Connection", row: Row, name: ActName, actor: Actor, role: ReleaseRole, package: dict[str, Any],
    approvals: tuple[Approval, ...], reason: str,
) -> Release:  # fmt: skip
    """Give ``role`` to the version; who had it gives way, and the version gives up the canary's place."""
    before = holders(connection, row.name)
    release = _record(connection, row.name, role, row, actor, reason, package, approvals)
    made = [_digest(release)]
    if role == "champion" and before.get("canary") == row.version:
        made.append(_digest(_record(connection, row.name, "canary", None, actor, f"{row.what} became the champion")))
    act(connection, row, name, actor, {"reason": reason, "role": role, "releases": made})
    if (gone := before.get(role)) is not None and gone != row.version:
        replacing = Actor(actor.name, actor.role, actor.policy)
        act(connection, known(connection, row.name, gone), "replace", replacing, {"by": row.version, "role": role})
    return release


def _record(
    connection: "Connection", name: str, role: ReleaseRole, row: Row | None, actor: Actor, reason: str,
    package: dict[str, Any] | None = None, approvals: tuple[Approval, ...] = (),
) -> Release:  # fmt: skip
    from sqlalchemy import func, select

    from registry.tables import RELEASES

    last = connection.execute(select(func.max(RELEASES.c.sequence))).scalar() or 0
    package = package or {"digests": {}, "bento": None, "place": None}
    made = Release(
        sequence=last + 1, name=name, role=role, version=row.version if row else None, **package,
        approval=tuple(one.digest for one in approvals), at=audit.now(), by=actor.name, reason=reason,
    )  # fmt: skip
    envelope = seal(made, KIND, signing_key()).model_dump_json()
    values = {"sequence": made.sequence, "name": name, "role": role, "version": made.version, "envelope": envelope}
    connection.execute(RELEASES.insert().values(values))
    return made


def _digest(release: Release) -> str:
    return digest(release.model_dump(mode="json"))


def _same(connection: "Connection", row: Row, judgement: Judgement) -> Row:
    """The version again, inside the transaction, where nobody has checked it meanwhile."""
    now = known(connection, row.name, row.version)
    found = latest(connection, now)
    if found is None or found[0].number != judgement.number:
        raise RefusedError(f"{row.what} was checked again meanwhile; look at it again")
    return now


def _was_champion(connection: "Connection", name: str, version: str) -> bool:
    from registry.tables import RELEASES

    query = RELEASES.select().where(
        RELEASES.c.name == name, RELEASES.c.version == version, RELEASES.c.role == "champion"
    )
    return connection.execute(query).first() is not None


def _package(row: Row, judgement: Judgement) -> dict[str, Any]:
    """What a release says of the Bento, which must hold the approved files and be what was packaged."""
    signed.require(row, judgement)
    record, again = _package_record(row), "package it again"
    place = Path(record["path"])
    if not place.is_dir():
        raise RefusedError(f"{row.what}: no Bento at {place} on this machine; {again}")
    home, tag = (state_root() / "bentoml").resolve(), Path(*record["bento"].split(":"))
    if place.resolve() != home / "bentos" / tag:  # the record lies where the run's author can write
        raise RefusedError(f"{row.what}: {place} does not lie in the Bento store of this machine; {again}")
    if digest(tree(place)) != record["sha256"]:
        raise RefusedError(f"{row.what}: the Bento at {place} is not what was packaged; {again}")
    model = home / "models" / Path(*record["model"].split(":"))
    for path, sha in judgement.digests.items():
        inside = model / path.removeprefix(MODEL)
        if path.startswith(MODEL) and (not inside.is_file() or sha256_file(inside) != sha):
            raise RefusedError(f"{row.what}: {inside} is not what was approved; {again}")
    digests = {
        "package": record["sha256"], "manifest": record["manifest"], "model": judgement.binds["model"],
        "contract": judgement.binds["contract"],
    }  # fmt: skip
    return {"digests": digests, "bento": record["bento"], "place": str(place)}


def _package_record(row: Row) -> dict[str, str]:
    """``package.json`` of the package step, as it writes it."""
    try:
        found = read_json(local_artifacts(row.run_id, "package/package.json"))
    except (TataraError, ValueError):
        raise RefusedError(f"{row.what} is not packaged; run `tatara package workspace={row.run_id}`") from None
    keys = ("path", "bento", "model", "sha256", "manifest")
    record = {key: found.get(key) if isinstance(found, dict) else None for key in keys}
    tags = [tag for tag in (record["bento"], record["model"]) if isinstance(tag, str) and _TAG.fullmatch(tag)]
    if len(tags) != 2 or not all(isinstance(value, str) for value in record.values()):
        raise RefusedError(f"{row.what}: its package.json is not what packaging writes; package it again")
    return {key: str(value) for key, value in record.items()}
