"""Should this serve? The one line that a list, a page and the shell begin with."""

from registry.acting import Row
from registry.records import Act, Answer, Approval, Judgement
from tatara.core.release import ReleaseRole


def answer(
    row: Row, judgement: Judgement | None, approvals: list[Approval], acts: list[Act], roles: list[ReleaseRole]
) -> Answer:
    """The answer for a version in its state.

    Args:
        row: the version.
        judgement: its newest check, None where there is none.
        approvals: of that check.
        acts: on the version, newest first.
        roles: that it serves in.
    """
    void = next((one for one in approvals if one.void is not None), None)
    if row.state in ("approved", "serving") and void is not None:
        serves = f"It serves as {' and '.join(roles)}, but " if row.state == "serving" else "No: "
        return Answer(serve="no", line=f"{serves}the approval by {void.by} is void: {void.void}.")
    if judgement is None:
        return Answer(serve="not_yet", line="Not yet: nothing has checked it.")
    if row.state == "serving":
        by = f"{_people(approvals)}{_overruled(judgement)}"
        return Answer(serve="yes", line=f"Yes: it serves as {' and '.join(roles)}, approved by {by}.")
    if row.state == "approved":
        passed = f"{_gates(judgement)}{_overruled(judgement)}"
        return Answer(serve="yes", line=f"Yes: approved by {_people(approvals)}, {passed}; not promoted.")
    if row.state in ("rejected", "retired"):
        last = next((one for one in acts if one.after == row.state), None)
        by = f" by {last.user}: {last.detail.get('reason') or 'no reason given'}" if last else ""
        return Answer(serve="no", line=f"No: {row.state}{by}")
    if judgement.blocking and not judgement.forced:
        return Answer(serve="no", line=f"No: {_blocking(judgement)}")
    return Answer(serve="not_yet", line=_waiting(row, judgement, approvals, acts))


def _waiting(row: Row, judgement: Judgement, approvals: list[Approval], acts: list[Act]) -> str:
    if row.state == "checked":
        asked = next((one for one in acts if one.act == "request_changes"), None)
        if asked is not None and asked.sequence > judgement.number:
            return f"Not yet: {asked.user} asks for changes: {asked.detail.get('reason', '')}"
        return f"Not yet: {_gates(judgement)}; nobody has asked for review."
    valid = len([one for one in approvals if one.void is None])
    missing = max(1, judgement.needed - valid)
    waits = f"it waits for {missing} {'more ' if valid else ''}approval{'s' if missing > 1 else ''}"
    if judgement.blocking:
        return f"Not yet: {waits}{_overruled(judgement)}."
    return f"Not yet: {waits}; {_gates(judgement)}. {judgement.reason[:1].upper()}{judgement.reason[1:]}"


def _blocking(judgement: Judgement) -> str:
    return "; ".join(f"{one.gate.replace('_', ' ')}: {one.line}" for one in judgement.blocking)


def _overruled(judgement: Judgement) -> str:
    """Names alone: the first line of an answer has to stay one."""
    names = ", ".join(one.gate.replace("_", " ") for one in judgement.blocking)
    return f", its author overruled {names}" if names else ""


def _gates(judgement: Judgement) -> str:
    total = len(judgement.verdicts)
    passed = sum(one.verdict == "pass" for one in judgement.verdicts)
    return f"all {total} gates passed" if passed == total else f"{passed} of {total} gates passed"


def _people(approvals: list[Approval]) -> str:
    return " and ".join(dict.fromkeys(one.by for one in approvals)) or "nobody"
