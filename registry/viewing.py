"""What lists and pages show of versions, read in one transaction."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from registry import audit, users
from registry.acting import Row, known
from registry.answering import answer
from registry.approvals import given, held
from registry.card import prose
from registry.channel import release_of
from registry.judging import latest, stored
from registry.records import Act, Comment, History, Judgement, Possible, Record, Summary
from registry.states import TABLE, Actor, at_least, may, possible
from registry.words import storable
from tatara.core.errors import UsageError
from tatara.core.release import Release, ReleaseRole

if TYPE_CHECKING:
    from sqlalchemy import Connection

WAITING = ("checked", "in_review", "approved")
NOBODY = Actor("")
SAID = {"comment": "text", "submit": "reason", "endorse": "reason", "approve": "reason", "reject": "reason",
        "request_changes": "reason", "promote": "reason", "roll_back": "reason", "withdraw": "reason",
        "retire": "reason"}  # fmt: skip
"""Acts with words in them, and where."""


def viewer(connection: "Connection", user: str | None) -> Actor:
    """Who looks: nobody in particular where the registry does not know him."""
    return NOBODY if user is None else users.runner(connection, user)


def summaries(connection: "Connection", user: str | None, name: str | None = None) -> list[Summary]:
    """All versions, or those of one model, newest first; approvals are not held to the files here."""
    from registry.tables import VERSIONS

    query = VERSIONS.select() if name is None else VERSIONS.select().where(VERSIONS.c.name == name)
    rows = [Row(**row) for row in connection.execute(query).mappings()]
    checks, roles, acts = _checks(connection, name), _roles(connection, name), _acts(connection, name)
    looking = viewer(connection, user)
    found = []
    for row in sorted(rows, key=lambda one: (one.name, int(one.version)), reverse=True):
        key = (row.name, row.version)
        found.append(summary(row, checks.get(key), acts[key], roles[key], looking))
    return found


def summary(
    row: Row, check: tuple[Judgement, str | None] | None, acts: list[Act], roles: list[ReleaseRole], looking: Actor
) -> Summary:
    """One line of a list."""
    judgement, champion = check or (None, None)
    verdicts = [one.verdict for one in judgement.verdicts] if judgement else []
    approvals = [one for one in given(acts, row.author) if one.void is None]
    return Summary(
        name=row.name, version=row.version, state=row.state, author=row.author, run_id=row.run_id, kind=row.kind,
        roles=tuple(roles), champion=champion, passed=verdicts.count("pass"), failed=verdicts.count("fail"),
        undecided=verdicts.count("not_enough_data"), approvals=len(approvals),
        needed=judgement.needed if judgement else 0, since=row.since,
        answer=answer(row, judgement, given(acts, row.author), acts, roles),
        waits_for_me=_waits(row, judgement, {one.by for one in approvals}, looking),
    )  # fmt: skip


def record(connection: "Connection", name: str, version: str, user: str | None) -> Record:
    """See `registry.review.record`."""
    from registry.tables import RELEASES

    row = known(connection, name, version)
    found, acts = latest(connection, row), audit.read(connection, name, version)
    judgement, evidence = found or (None, None)
    approvals = given(acts, row.author)
    if judgement is not None:
        approvals = held(row, approvals, judgement, fresh=False)
    roles, looking = _roles(connection, name)[name, version], viewer(connection, user)
    line = summary(row, (judgement, evidence.champion) if judgement and evidence else None, acts, roles, looking)
    valid = len([one for one in approvals if one.void is None])
    line = line.model_copy(update={"answer": answer(row, judgement, approvals, acts, roles), "approvals": valid})
    of_it = RELEASES.c.name == name, RELEASES.c.version == version
    rows = connection.execute(RELEASES.select().where(*of_it).order_by(RELEASES.c.sequence.desc())).mappings()
    return Record(
        summary=line, judgement=judgement, evidence=evidence, approvals=tuple(approvals[::-1]),
        comments=tuple(comments(acts)), acts=tuple(acts), releases=tuple(release_of(one) for one in rows),
        possible=tuple(_possible(row, judgement, {one.by for one in approvals if one.void is None}, looking)),
    )  # fmt: skip


def history(connection: "Connection", name: str, user: str | None) -> History:
    """See `registry.review.history`."""
    versions = summaries(connection, user, name) if storable(name) else []
    if not versions:
        raise UsageError(
            f"the registry knows no model {name[:80]!r}; `tatara review list all=true` shows what it knows"
        )
    holds = {role: one.version for one in versions for role in one.roles}
    return History(
        name=name, champion=holds.get("champion"), canary=holds.get("canary"), versions=tuple(versions),
        releases=tuple(_releases(connection, name)[::-1]), acts=tuple(audit.read(connection, name)),
    )  # fmt: skip


def comments(acts: list[Act]) -> list[Comment]:
    """What people and policies wrote, newest first."""
    return [
        Comment(act=one.act, at=one.at, user=one.user, role=one.role, text=one.detail[SAID[one.act]])
        for one in acts
        if one.act in SAID and one.detail.get(SAID[one.act])
    ]


def _waits(row: Row, judgement: Judgement | None, approved: set[str], looking: Actor) -> bool:
    """Whether this user can bring the version on."""
    if row.state == "in_review":
        return at_least(looking, "reviewer") and looking.name not in {row.author, *approved}
    if row.state == "approved":
        return at_least(looking, "operator")
    return row.state == "checked" and looking.name == row.author


def _possible(row: Row, judgement: Judgement | None, approved: set[str], looking: Actor) -> list[Possible]:
    found = []
    for act in possible(row.state):
        rule, refused = TABLE[row.state, act], None
        if not may(rule, looking):
            refused = f"takes the role {(rule.least or '').replace('_', ' ')}"
        elif act == "approve" and looking.name == row.author:
            refused = "you are the author of the run"
        elif act == "edit_card" and (why := prose.refusal(looking, row.author)):
            refused = f"the card {why}"
        elif act == "approve" and looking.name in approved:
            refused = "you have approved it already"
        elif act == "submit" and judgement is not None and judgement.blocking and not judgement.forced:
            refused = f"{judgement.blocking[0].gate.replace('_', ' ')} blocks it"
        found.append(Possible(act=act, refused=refused))
    return found


def _checks(connection: "Connection", name: str | None) -> dict[tuple[str, str], tuple[Judgement, str | None]]:
    """The newest check of every version, without its evidence, with the champion that it was compared with."""
    from sqlalchemy import func, select

    from registry.tables import JUDGEMENTS as TABLE_

    newest = select(func.max(TABLE_.c.number)).group_by(TABLE_.c.name, TABLE_.c.version)
    columns = (TABLE_.c.number, TABLE_.c.name, TABLE_.c.version, TABLE_.c.champion, TABLE_.c.judgement)
    query = select(*columns).where(TABLE_.c.number.in_(newest))
    query = query if name is None else query.where(TABLE_.c.name == name)
    rows = connection.execute(query).mappings()
    return {(row["name"], row["version"]): (stored(row), row["champion"]) for row in rows}


def _acts(connection: "Connection", name: str | None) -> dict[tuple[str, str], list[Act]]:
    """The acts on every version, newest first."""
    from registry.tables import AUDIT

    query = AUDIT.select().where(AUDIT.c.version.is_not(None)).order_by(AUDIT.c.sequence.desc())
    query = query if name is None else query.where(AUDIT.c.name == name)
    found: dict[tuple[str, str], list[Act]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["name"], row["version"]].append(audit.act_of(row))
    return found


def _roles(connection: "Connection", name: str | None) -> dict[tuple[str, str], list[ReleaseRole]]:
    """The roles that every version serves in."""
    from registry.tables import RELEASES

    query = RELEASES.select().order_by(RELEASES.c.sequence)
    query = query if name is None else query.where(RELEASES.c.name == name)
    last: dict[tuple[str, ReleaseRole], Any] = {}
    for row in connection.execute(query).mappings():
        last[row["name"], row["role"]] = row["version"]
    found: dict[tuple[str, str], list[ReleaseRole]] = defaultdict(list)
    for (model, role), version in last.items():
        if version is not None:
            found[model, version].append(role)
    return found


def _releases(connection: "Connection", name: str) -> list[Release]:
    from registry.tables import RELEASES

    rows = connection.execute(RELEASES.select().where(RELEASES.c.name == name).order_by(RELEASES.c.sequence))
    return [release_of(row) for row in rows.mappings()]
