"""The review in lines for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry.auditing import Audited
    from registry.records import Approval, GateVerdict, Record, Summary
    from tatara.core.release import Release

SAID = {"pass": "pass", "fail": "FAIL", "not_enough_data": "not enough data"}
WIDEST = 100
"""Characters of an answer in a table."""
SHOWN = 6
"""Examples that are named."""


def table(found: Sequence["Summary"], user: str) -> str:
    """Versions in a table, those that wait for ``user`` marked with ``>``."""
    from registry.words import harmless, one_line

    if not found:
        return "nothing waits; `tatara review list all=true` shows every version"
    rows = [("", "version", "state", "gates", "approvals", "author", "since", "should it serve?")]
    for one in found:
        gates = f"{one.passed}/{one.passed + one.failed + one.undecided}"
        asked = f"{one.approvals}/{one.needed}" if one.needed else "policy"
        state = " ".join((one.state.replace("_", " "), *one.roles))
        line = one.answer.line.replace("\n", " ")
        line = line if len(line) <= WIDEST else f"{line[: WIDEST - 1]}…"
        mark = ">" if one.waits_for_me else ""
        rows.append((mark, f"{one.name}/{one.version}", state, gates, asked, one.author, one.since[:10], line))
    widths = [max(len(one_line(row[column])) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = [_row(row, widths) for row in rows]
    mine = sum(one.waits_for_me for one in found)
    return harmless("\n".join([*lines, *([f"> waits for {user}: {mine}"] if mine else [])]))


def _row(row: Sequence[str], widths: Sequence[int]) -> str:
    from registry.words import one_line

    cells = [one_line(cell).ljust(width) for cell, width in zip(row[:-1], widths, strict=True)]
    return "  ".join([*cells, one_line(row[-1])]).rstrip()


def page(record: "Record") -> str:
    """A version on one screen; the first line says whether it should serve."""
    from registry.words import harmless

    one, judgement = record.summary, record.judgement
    what = f"{one.name}/{one.version}"
    lines = [
        f"{what}  {one.answer.line}",
        "",
        f"state       {one.state.replace('_', ' ')} since {one.since}{_serves(record)}",
        f"author      {one.author}, run {one.run_id}",
    ]
    if record.evidence is not None:
        against = f"against {one.name}/{one.champion}" if one.champion else "without a champion"
        lines.append(f"checked     {against} on {record.evidence.examples} test examples, seed {record.evidence.seed}")
    if judgement is not None:
        asked = f"asks for {judgement.needed or 'no'} approval{'' if judgement.needed == 1 else 's'}"
        forced = "; its author overruled the gates" if judgement.forced else ""
        lines.append(f"policy      {judgement.policy}, {judgement.binds['policy'][:12]}, {asked}{forced}")
        lines += ["", *(line for verdict in judgement.verdicts for line in _gate(verdict))]
    if record.approvals:
        lines += ["", *(_approval(approval) for approval in record.approvals)]
    spoken = [comment for comment in record.comments if comment.act not in ("approve", "endorse")]
    if spoken:
        lines += ["", *(f"{said.at}  {said.user} ({said.act.replace('_', ' ')}): {said.text}" for said in spoken)]
    lines += ["", f"possible    {_possible(record)}", f"look at     tatara lineage show {what}"]
    return harmless("\n".join(line.replace("\n", f"\n{'':<12}") for line in lines))  # words begin no line of ours


def _serves(record: "Record") -> str:
    roles = record.summary.roles
    return f", as {' and '.join(roles)} by release {record.releases[0].sequence}" if roles and record.releases else ""


def _gate(verdict: "GateVerdict") -> list[str]:
    said = f"{SAID[verdict.verdict]}{', blocks' if verdict.blocks else ''}"
    lines = [f"{verdict.gate.replace('_', ' '):<13} {said:<23}{verdict.line}"]
    if verdict.examples and verdict.verdict != "pass":
        lines.append(f"{'':<37}look at {', '.join(verdict.examples[:SHOWN])}")
    return lines


def _approval(approval: "Approval") -> str:
    until = f", until {approval.expires[:10]}" if approval.expires else ""
    void = f"; VOID: {approval.void}" if approval.void else ""
    return f"approved    by {approval.by} on {approval.at[:10]}{until}: {approval.reason}{void}"


def _possible(record: "Record") -> str:
    from registry.states import IN_SHELL

    shown = [IN_SHELL.get(one.act, one.act) + (f" ({one.refused})" if one.refused else "") for one in record.possible]
    return ", ".join(shown) or "nothing"


def released(release: "Release") -> str:
    """A release record in lines."""
    from registry.channel import folder
    from registry.words import harmless
    from tatara.core.release import place_in_channel

    version = f"is {release.name}/{release.version}" if release.version else "is empty"
    lines = [
        f"the {release.role} of {release.name} {version}, by release {release.sequence}",
        *([f"bento       {release.bento}"] if release.bento else []),
        f"published   {folder() / place_in_channel(release.name, release.role)}",
    ]
    return harmless("\n".join(lines))


def audited(found: "Audited", against: bool) -> str:
    """What the audit found, in lines."""
    from registry.words import one_line

    if found.problems:
        count = len(found.problems)
        return "\n".join([f"NOT whole: {count} problem{'' if count == 1 else 's'}", *map(one_line, found.problems)])
    if found.head is None:
        return "the log is empty"
    kept = "the saved head" if against else "the head that this machine kept"
    return (
        f"whole: {found.acts} lines, each chained to the one before; {kept} lies in them; states, checks, roles and "
        f"releases are what they say\nhead        {found.head.sequence} {found.head.digest}"
    )
