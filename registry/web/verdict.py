"""Should it serve, in sentences that a person would say: the answer, what stands in its way, and what was found."""

from dataclasses import dataclass

from registry.evidence import Evidence, Slice, most_harm_first, unseeing
from registry.records import GateVerdict, Record
from registry.web.words import number, percent, plain, points
from tatara.core.statistics import Interval

_WORDS = {"yes": "Yes", "no": "No", "not_yet": "Not yet"}
NAMED = 3
"""Slices that are named."""


@dataclass(frozen=True)
class Verdict:
    """The word, what stands in the way, and what was found; the latter two may be empty."""

    word: str
    state: str
    found: str


def verdict(record: Record, alpha: float) -> Verdict:
    """Of a version.

    Args:
        record: of it.
        alpha: of the gate of slices.
    """
    one = record.summary
    word = _WORDS[one.answer.serve]
    return Verdict(word, _state(record, word), _found(record.evidence, alpha) if record.evidence else "")


def _state(record: Record, word: str) -> str:
    one, judgement = record.summary, record.judgement
    if judgement is not None and one.state == "in_review":
        missing = max(1, one.needed - one.approvals)
        more = "more " if one.approvals else ""
        waits = f"It waits for {missing} {more}approval{'' if missing == 1 else 's'}."
        return f"{waits} Its author overruled {_names(judgement.blocking)}." if judgement.blocking else waits
    if judgement is not None and one.state == "checked" and judgement.blocking and not judgement.forced:
        several = len(judgement.blocking) > 1
        names = _names(judgement.blocking)
        return f"The gate{'s' if several else ''} {names} block{'' if several else 's'} it."
    if (said := _last_word(record)) is not None:
        return said
    rest = one.answer.line.removeprefix(f"{word}: ")
    return rest[:1].upper() + rest[1:]


def _last_word(record: Record) -> str | None:
    """What a person asked for, or rejected it for, in his words."""
    state, check = record.summary.state, record.judgement.number if record.judgement else 0
    acts = {"rejected": ("reject", "Rejected by"), "checked": ("request_changes", "Changes are asked for by")}
    if state not in acts:
        return None
    name, words = acts[state]
    act = next((one for one in record.acts if one.act == name and one.sequence > check), None)
    if act is None or act.user.startswith("policy:"):
        return None
    return f"{words} {act.user}: “{act.detail.get('reason', '')}”."


def _found(evidence: Evidence, alpha: float) -> str:
    said = [_primary(evidence)]
    lost = [one for one in most_harm_first(evidence.slices, alpha) if one.p_holm < alpha]
    if lost:
        said.append(f"{_slices(lost)}.")
    if (ratio := evidence.cost.latency_ratio) is not None:
        said.append(f"It takes {ratio.value:.2f}× the champion’s time.")
    return " ".join(filter(None, said))


def _primary(evidence: Evidence) -> str:
    if evidence.comparison:
        first = evidence.comparison[0]
        gap, name = first.verdict.difference, plain(first.metric)
        if first.higher_is_better:
            size, between = f"{abs(100 * gap.value):.1f} points", f"{points(gap.low)} to {points(gap.high)}"
        else:
            size, between = number(abs(gap.value)), f"{number(gap.low)} to {number(gap.high)}"
        how = "higher than" if gap.value > 0 else "lower than"
        where = f"{size} {how} the champion’s" if gap.value else "the same as the champion’s"
        needed = f"; about {first.needed:,} examples would decide" if first.needed else ""
        return f"Its {name} is {where} ({between}{needed})."
    if evidence.above_chance is not None:
        beaten = f"{unseeing(evidence.kind)} by {_points(evidence.above_chance)}"
        return f"It beats {beaten}; there is no champion to hold it against."
    return ""


def _slices(lost: list[Slice]) -> str:
    """Which got worse, and by how much, the largest loss first."""
    named = [f"{plain(one.column)} {plain(one.value)} ({points(one.difference.value)})" for one in lost[:NAMED]]
    more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
    order = ", the largest loss first" if len(lost) > 1 else ""
    return f"Worse on {_listed(named) if not more else ', '.join(named)}{more}{order}"


def _points(gap: Interval) -> str:
    return f"{percent(gap.value).removesuffix(' %')} points ({points(gap.low)} to {points(gap.high)})"


def _names(gates: tuple[GateVerdict, ...]) -> str:
    return _listed([plain(one.gate) for one in gates])


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
