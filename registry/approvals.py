"""Approvals: given by acts in the log, bound to digests, void when what they are bound to changes."""

from typing import TYPE_CHECKING

from registry import audit, database, policy, users
from registry.acting import Row, act, known
from registry.binding import changed, files_now
from registry.judging import expiry, latest
from registry.records import Act, Approval, Judgement
from registry.states import Actor, follow
from registry.store import client
from registry.words import plain_name
from tatara.core.errors import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection

GIVEN = ("endorse", "approve")


def given(acts: list[Act], author: str) -> list[Approval]:
    """The approvals of the newest check, oldest first.

    Args:
        acts: of the version, newest first.
        author: of the run; an approval of his is void.
    """
    found: list[Approval] = []
    for one in acts:
        if one.act in ("check", "request_changes", "reject"):
            break
        if one.act in GIVEN:
            found.append(_approval(one, author))
    return found[::-1]


def _approval(line: Act, author: str) -> Approval:
    void, expires = None, line.detail.get("expires")
    if audit.true_digest(line) != line.digest:
        void = f"line {line.sequence} of the audit log was edited"
    elif line.user == author:
        void = f"{line.user} is the author of the run"
    elif expires is not None and expires <= audit.now():
        void = f"it expired on {expires[:10]}"
    return Approval(
        act=line.sequence, by=line.user, role=line.role, at=line.at, expires=expires, digest=line.digest,
        reason=line.detail.get("reason", ""), automatic=line.role is None, binds=line.detail["binds"], void=void,
    )  # fmt: skip


def held(row: Row, found: list[Approval], judgement: Judgement, fresh: bool) -> list[Approval]:
    """The approvals, those void that are bound to something else than what lies in the store now.

    Args:
        fresh: read every byte again, see `registry.binding.files_now`.
    """
    if not found:
        return []
    now = policy.load(row.kind).digest
    difference = changed(judgement, files_now(row.run_id, judgement.digests, fresh), now)
    voids = [
        one.void or difference or ("it was given to another check" if one.binds != judgement.binds else None)
        for one in found
    ]
    return [one.model_copy(update={"void": void}) for one, void in zip(found, voids, strict=True)]


def approve(user: str, name: str, version: str, reason: str) -> None:
    """See `registry.review.approve`. The files are read before the transaction, which has to be short."""
    with database.reading() as connection:
        seen, judgement = _in_review(connection, users.actor(connection, user), name, version)
    if users.normal(user) == author_now(seen):
        raise RefusedError(_own(user, seen))
    if difference := changed(judgement, files_now(seen.run_id, judgement.digests), policy.load(seen.kind).digest):
        raise RefusedError(f"{seen.what} cannot be approved: {difference}")
    with audit.writing() as connection:
        actor = users.actor(connection, user)
        row, now = _in_review(connection, actor, name, version)
        if now.number != judgement.number:
            raise RefusedError(f"{row.what} was checked again meanwhile; look at it again")
        earlier = [one for one in given(audit.read(connection, name, version), row.author) if one.void is None]
        if any(one.by == actor.name for one in earlier):
            raise RefusedError(f"{actor.name} has approved {row.what} already; it takes another reviewer")
        last = len(earlier) + 1 >= judgement.needed
        detail = {"reason": reason, "binds": judgement.binds, "expires": expiry(judgement)}
        act(connection, row, "approve" if last else "endorse", actor, detail)


def _in_review(connection: "Connection", actor: Actor, name: str, version: str) -> tuple[Row, Judgement]:
    """The row and its check, where ``actor`` may approve it."""
    row = known(connection, name, version)
    follow(row.what, row.state, "approve", actor)
    if actor.name == row.author:
        raise RefusedError(_own(actor.name, row))
    found = latest(connection, row)
    assert found is not None  # in review only after a check
    return row, found[0]


def _own(user: str, row: Row) -> str:
    return f"{user} is the author of {row.what} and cannot approve it; it takes another reviewer"


def author_now(row: Row) -> str:
    """The user that the run's tag names now, which may be another than when the version was taken in."""
    from mlflow.exceptions import MlflowException

    try:
        return plain_name(str(client().get_run(row.run_id).data.tags.get("mlflow.user", "")))
    except MlflowException:
        return ""


def standing(name: str, version: str, expired_too: bool = False) -> tuple[Row, Judgement, tuple[Approval, ...]]:
    """The version with its valid approvals, see `registry.review.standing`.

    Args:
        expired_too: count approvals that have ended, as a rollback does.
    """
    with database.reading() as connection:
        row, acts = known(connection, name, version), audit.read(connection, name, version)
        found = latest(connection, row)
    if row.state not in ("approved", "serving") or found is None:
        raise RefusedError(_not_approved(row, found[0] if found else None, acts))
    judgement = found[0]
    approvals = held(row, given(acts, row.author), judgement, fresh=True)
    if expired_too:
        approvals = [_without_expiry(one) for one in approvals]
    for one in approvals:
        if one.void is not None:
            raise RefusedError(f"the approval of {row.what} by {one.by} is void: {one.void}")
    people = {one.by for one in approvals}
    if len(people) < max(1, judgement.needed):
        raise RefusedError(f"{row.what} has {len(people)} of {max(1, judgement.needed)} approvals that it takes")
    return row, judgement, tuple(approvals)


def _without_expiry(one: Approval) -> Approval:
    return one.model_copy(update={"void": None}) if (one.void or "").startswith("it expired") else one


def _not_approved(row: Row, judgement: Judgement | None, acts: list[Act]) -> str:
    what = f"{row.what} is not approved"
    if row.state == "in_review" and judgement is not None:
        count = len(given(acts, row.author))
        return (
            f"{what}: it is in review, with {count} of {judgement.needed} approvals; once a reviewer has approved it "
            f'(tatara review approve {row.what} reason="..."), package it: tatara package workspace={row.run_id}'
        )
    if row.state == "rejected":
        last = next(one for one in acts if one.after == "rejected")
        return f"{what}: rejected by {last.user}: {last.detail.get('reason', '')}"
    if row.state == "checked" and judgement is not None and judgement.blocking:
        return f"{what}: {judgement.reason}"
    advice = f"; run tatara review check {row.what}" if row.state == "draft" else ""
    return f"{what}: it is {row.state.replace('_', ' ')}{advice}"
