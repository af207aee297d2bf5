"""Judging a version: the gates' verdicts stored with their evidence, and the state that follows from them."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from registry import audit, gates, policy, users
from registry.acting import Row, act, run_of, take_in, write
from registry.binding import binds
from registry.evidence import Evidence
from registry.records import Judgement
from registry.states import Actor, follow
from registry.words import storable
from tatara.core.errors import RefusedError, UsageError
from tatara.core.files import digest

if TYPE_CHECKING:
    from sqlalchemy import Connection


def judge(name: str, version: str, evidence: Evidence, digests: Mapping[str, str], user: str, forced: bool) -> None:
    """See `registry.review.judge`."""
    _hold_to_the_run(digests)
    rules, source = policy.load(evidence.kind), run_of(name, version)
    verdicts = gates.judge(evidence, rules.policy)
    with audit.writing() as connection:
        runner = users.runner(connection, user)
        row = take_in(connection, name, version, runner, source, evidence.kind)
        made = Judgement(
            number=0, at="", by=runner.name, forced=forced, policy=rules.name, asked=rules.policy.approvals,
            signed=rules.policy.signed, expires_days=rules.policy.expires_days, verdicts=verdicts,
            binds=binds(digests, evidence, rules.digest), digests=dict(digests), reason="",
        )  # fmt: skip
        made = made.model_copy(update={"reason": reason(evidence, made)})
        if _is_known(connection, row, made):
            return
        _bring_on(connection, _store(connection, row, evidence, made, runner), made)


def _hold_to_the_run(digests: Mapping[str, str]) -> None:
    """Refuse paths that lead out of the run's artifacts, or that two spellings have."""
    for path in digests:
        plain = PurePosixPath(path)
        whole = str(plain) == path and not plain.is_absolute() and len(plain.parts) > 1
        if not whole or ".." in plain.parts or not storable(path):
            raise UsageError(f"{path[:80]!r} is no file among the run's artifacts")


def reason(evidence: Evidence, judgement: Judgement) -> str:
    """One line behind the whole: how it compares, what blocks it, what training warned of."""
    comparison = [one.line for one in judgement.verdicts if one.gate == "comparison" and not one.blocks]
    blocking = [f"{one.gate.replace('_', ' ')}: {one.line}" for one in judgement.blocking]
    if blocking:
        blocking.append("forced" if judgement.forced else "force=true goes on all the same")
    warned = [f"training warned: {warning}" for warning in evidence.warnings]
    return "; ".join([*comparison, *blocking, *warned]) or "every gate passed"


def latest(connection: "Connection", row: Row) -> tuple[Judgement, Evidence] | None:
    """The newest check of a version, held to the log; None where there is none.

    Raises:
        RefusedError: what the store has of it is not what was judged.
    """
    from registry.tables import JUDGEMENTS

    query = JUDGEMENTS.select().where(JUDGEMENTS.c.name == row.name, JUDGEMENTS.c.version == row.version)
    found = connection.execute(query.order_by(JUDGEMENTS.c.number.desc()).limit(1)).mappings().first()
    if found is None:
        return None
    check = next((one for one in audit.read(connection, row.name, row.version) if one.act == "check"), None)
    if check is None or check.sequence != found["number"] or check.detail.get("judgement") != row_digest(found):
        raise RefusedError(f"the check of {row.what} in the store is not what was judged; run `tatara review audit`")
    return stored(found), Evidence.model_validate_json(found["evidence"])


def every(connection: "Connection", name: str, version: str) -> tuple[Judgement, ...]:
    """All checks of a version, newest first."""
    from registry.tables import JUDGEMENTS

    query = JUDGEMENTS.select().where(JUDGEMENTS.c.name == name, JUDGEMENTS.c.version == version)
    return tuple(stored(row) for row in connection.execute(query.order_by(JUDGEMENTS.c.number.desc())).mappings())


def stored(row: Any) -> Judgement:
    """The judgement in a row of the table, numbered as the act that made it."""
    return Judgement.model_validate_json(row["judgement"]).model_copy(update={"number": row["number"]})


def row_digest(row: Any) -> str:
    """What the log keeps of a row of the table."""
    return digest([json.loads(row["judgement"]), json.loads(row["evidence"])])


def _is_known(connection: "Connection", row: Row, made: Judgement) -> bool:
    """Whether the last check said the same of the same bytes, so that a repeated step repeats nothing."""
    found = latest(connection, row)
    return found is not None and (found[0].binds, found[0].forced) == (made.binds, made.forced)


def _store(connection: "Connection", row: Row, evidence: Evidence, made: Judgement, runner: Actor) -> Row:
    from registry.tables import JUDGEMENTS, VERSIONS

    rule = follow(row.what, row.state, "check", runner)
    made = made.model_copy(update={"at": audit.now()})
    content = {"judgement": made.model_dump_json(), "evidence": evidence.model_dump_json()}
    detail = {
        "judgement": row_digest(content), "policy": made.policy, "binds": made.binds, "forced": made.forced,
        "verdicts": {one.gate: one.verdict for one in made.verdicts}, "reason": made.reason,
    }  # fmt: skip
    after, line = write(connection, row, "check", rule, runner, detail)
    where = (VERSIONS.c.name == row.name, VERSIONS.c.version == row.version)
    connection.execute(VERSIONS.update().where(*where).values(kind=evidence.kind))
    values = {"number": line.sequence, "name": row.name, "version": row.version, "champion": evidence.champion}
    connection.execute(JUDGEMENTS.insert().values({**values, **content}))
    return after


def _bring_on(connection: "Connection", row: Row, made: Judgement) -> None:
    """What the policy does by itself: reject or approve where it asks nobody, else ask for review."""
    ruling, stopped = Actor(f"policy:{made.policy}", policy=True), bool(made.blocking) and not made.forced
    if stopped and made.asked == 0:
        act(connection, row, "reject", ruling, {"reason": made.reason})
    if stopped:
        return
    row = act(connection, row, "submit", ruling, tell=made.asked > 0)
    if made.asked == 0:
        act(connection, row, "approve", ruling, {"reason": made.reason, "binds": made.binds, "expires": expiry(made)})


def expiry(judgement: Judgement) -> str | None:
    """When an approval that is given now ends."""
    from datetime import UTC, datetime, timedelta

    if judgement.expires_days is None:
        return None
    return (datetime.now(UTC) + timedelta(days=judgement.expires_days)).strftime("%Y-%m-%dT%H:%M:%SZ")
