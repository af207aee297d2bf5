"""The audit log verified: its chain, its heads, and everything in the store that must be what it says."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import audit, database, judging
from registry.audit import Head
from registry.channel import release_of
from registry.exporting import log_csv
from registry.records import Act
from registry.states import TABLE, Actor, Rule, at_least, may
from registry.webhooks.endpoints import row_digest
from tatara.core.contract import Strict
from tatara.core.errors import TataraError
from tatara.core.files import digest, sha256_bytes

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TABLE: dict[tuple[str | None, str], Rule] = {(state, act): rule for (state, act), rule in TABLE.items()}


class Audited(Strict):
    """What `verify` found: lines read, the head, and one line for each thing that is wrong (none: it is whole)."""

    acts: int
    head: Head | None
    problems: tuple[str, ...]


@dataclass
class _Replayed:
    """What the log comes to."""

    states: dict[tuple[str, str], str] = field(default_factory=dict)
    origins: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    checks: dict[int, str] = field(default_factory=dict)
    hooks: dict[str, str] = field(default_factory=dict)
    releases: list[str] = field(default_factory=list)


def verify(against: Path | None = None) -> Audited:
    """Recompute the chain and replay it: states, checks, roles and releases must be what the log says.

    Args:
        against: a head that was saved earlier; it must lie in the log.

    Raises:
        RefusedError: ``against`` is no head that this registry signed.
    """
    heads = {} if against is None else {str(against): audit.read_head(against)}
    problems: list[str] = []
    kept = audit.kept_head()
    if kept.exists():
        try:
            heads[str(kept)] = audit.read_head(kept)
        except TataraError as error:
            problems.append(f"{kept}: {error}")
    with database.reading() as connection:
        log, unreadable = _log(connection)
        problems += unreadable + _chain(log) + _heads(log, heads)
        replayed = _Replayed()
        for act in log:
            problems += _replay(act, replayed)
        problems += _store(connection, replayed)
    last = log[-1] if log else None
    head = Head(sequence=last.sequence, digest=last.digest, at=last.at) if last else None
    return Audited(acts=len(log), head=head, problems=tuple(dict.fromkeys(problems)))


def as_csv() -> str:
    """The whole log as CSV, oldest first; no cell starts a formula."""
    return log_csv(reversed(audit.acts()))


def _log(connection: "Connection") -> tuple[list[Act], list[str]]:
    from registry.tables import AUDIT

    log, problems = [], []
    for row in connection.execute(AUDIT.select().order_by(AUDIT.c.sequence)).mappings():
        try:
            log.append(audit.act_of(row))
        except TataraError:
            problems.append(f"line {row['sequence']} cannot be read: it was edited")
    return log, problems


def _chain(log: list[Act]) -> list[str]:
    problems, previous = [], ""
    for place, act in enumerate(log, start=1):
        if audit.true_digest(act) != act.digest:
            problems.append(f"line {act.sequence} was edited: its digest is not that of what it says")
        if act.sequence != place or act.previous != previous:
            problems.append(f"line {act.sequence} does not follow the line before: one was deleted, added or moved")
            return problems
        previous = act.digest
    return problems


def _heads(log: list[Act], heads: dict[str, Head]) -> list[str]:
    digests, problems = {act.sequence: act.digest for act in log}, []
    for where, head in heads.items():
        if head.sequence not in digests:
            problems.append(f"the log was cut off: the head in {where} is line {head.sequence} of {head.at}")
        elif digests[head.sequence] != head.digest:
            problems.append(f"line {head.sequence} is not the one that was signed at {head.at} ({where})")
    return problems


def _replay(act: Act, into: _Replayed) -> list[str]:
    """Take one line in; what it could not have been written by is a problem."""
    problems = []
    if act.version is not None and act.name is not None:
        key = (act.name, act.version)
        actor = Actor(act.user, act.role, policy=act.user.startswith("policy:"))
        rule = _TABLE.get((act.before, act.act))
        if into.states.get(key) != act.before or rule is None or rule.to != act.after:
            problems.append(f"line {act.sequence}: {act.act} cannot lead {act.name}/{act.version} to {act.after}")
        elif not may(rule, actor):
            problems.append(f"line {act.sequence}: {act.user} had no role for {act.act}")
        if act.act in ("endorse", "approve") and act.user == into.origins.get(key, ("", ""))[1]:
            problems.append(f"line {act.sequence}: {act.user} approved his own {act.name}/{act.version}")
        if (
            act.act == "edit_card"
            and act.user != into.origins.get(key, ("", ""))[1]
            and not at_least(actor, "reviewer")
        ):
            problems.append(f"line {act.sequence}: {act.user} wrote the card of another's {act.name}/{act.version}")
        into.states[key] = str(act.after)
    if act.act == "register":
        into.origins[str(act.name), str(act.version)] = (act.detail.get("run_id", ""), act.detail.get("author", ""))
    elif act.act == "check":
        into.checks[act.sequence] = act.detail.get("judgement", "")
    elif act.act in ("user_added", "user_role"):
        into.users[act.detail.get("user", "")] = act.detail.get("role", "")
    elif act.act == "user_removed":
        into.users.pop(act.detail.get("user", ""), None)
        into.passwords.pop(act.detail.get("user", ""), None)
    elif act.act == "password_set":
        into.passwords[act.detail.get("user", "")] = act.detail.get("password", "")
    elif act.act == "hook_added":
        into.hooks[act.detail.get("hook", "")] = act.detail.get("endpoint", "")
    elif act.act == "hook_removed":
        into.hooks.pop(act.detail.get("hook", ""), None)
    into.releases += act.detail.get("releases", [])
    return problems


def _store(connection: "Connection", said: _Replayed) -> list[str]:
    """The tables held to what the log says."""
    from registry.tables import HOOKS, JUDGEMENTS, RELEASES, USERS, VERSIONS

    def rows(table: Any) -> list[Any]:
        return list(connection.execute(table.select()).mappings())

    states = {(row["name"], row["version"]): row["state"] for row in rows(VERSIONS)}
    origins = {(row["name"], row["version"]): (row["run_id"], row["author"]) for row in rows(VERSIONS)}
    checks = {row["number"]: _judged(row) for row in rows(JUDGEMENTS)}
    users = {row["name"]: row["role"] for row in rows(USERS)}
    passwords = {row["name"]: sha256_bytes(row["password"].encode()) for row in rows(USERS) if row["password"]}
    hooks = {row["name"]: row_digest(row) for row in rows(HOOKS)}
    problems = [
        *_differ("state of", said.states, states, "/".join),
        *_differ("run and author of", said.origins, origins, "/".join),
        *_differ("role of", said.users, users, str),
        *_differ("password of", said.passwords, passwords, str),
        *_differ("webhook", said.hooks, hooks, str),
        *_differ("check", said.checks, checks, str),
    ]
    made = sorted(rows(RELEASES), key=lambda row: int(row["sequence"]))
    signed = [_released(row) for row in made]
    if signed != said.releases or [row["sequence"] for row in made] != list(range(1, len(made) + 1)):
        problems.append("the releases in the store are not those that the log says")
    return problems


def _differ(what: str, said: dict[Any, Any], found: dict[Any, Any], name: Any) -> list[str]:
    keys = sorted(said.keys() | found.keys())
    short = [(name(key), said.get(key), found.get(key)) for key in keys if said.get(key) != found.get(key)]
    return [f"the {what} {key} is {_brief(now)} in the store, {_brief(was)} in the log" for key, was, now in short]


def _brief(value: Any) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return "absent" if value is None else f"{text[:12]}..." if len(text) == 64 else text


def _judged(row: Any) -> str:
    try:
        return judging.row_digest(row)
    except ValueError:
        return "unreadable"


def _released(row: Any) -> str:
    try:
        release = release_of(row)
    except TataraError:
        return "unreadable"
    same = (release.sequence, release.name, release.role, release.version)
    if same != (row["sequence"], row["name"], row["role"], row["version"]):
        return "changed"
    return digest(release.model_dump(mode="json"))
