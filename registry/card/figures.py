"""How good a model is, where it is weak, and how far its scores can be believed: sections of a card in figures."""

from collections.abc import Iterable

from registry.card.facts import Facts
from registry.card.records import Measure, Section, Table
from registry.words import one_line
from tatara.core.statistics import Interval

SHOWN = 20
"""Classes and slices that are listed, the weakest."""
CALIBRATION = ("calibration_error", "brier", "log_loss")


def results(facts: Facts) -> Section:
    """The metrics, and the comparison with the champion of the time."""
    whole = [one for one in facts.measures if one.part is None]
    if not whole:
        return Section(name="results", title="How good it is", text="It was not measured.")
    on = f"On the {facts.data.files['test']:,} test examples" if facts.data else "On the test examples"
    first = (
        f"{on}, which training never opened, asked through the exported graphs. Intervals are of 95 %; metrics that "
        "begin with train_, and the gap to them, are of training examples."
    )
    text = [first]
    found = facts.evidence
    for one in found.comparison if found else ():
        gap = one.verdict.difference
        text.append(
            f"Against version {found.champion if found else ''}, on the same examples: {one.metric} "
            f"{one.challenger:.4f}, {one.champion:.4f} there, which is {gap.value:+.4f} [{gap.low:+.4f}, "
            f"{gap.high:+.4f}] ({one.verdict.confidence:.0%}): {one.verdict.verdict.replace('_', ' ')}."
        )
    judged = facts.judgement
    if judged is not None and (judged.blocking or judged.forced):
        overruled = ", and its author overruled that" if judged.forced else ""
        text.append(f"The gates of the policy {judged.policy} say{overruled}: {one_line(judged.reason)}")
    rows = tuple((one.metric, *_ends(one)) for one in whole)
    return Section(
        name="results", title="How good it is", text="\n\n".join(text),
        table=Table(head=("metric", "value", "low", "high"), rows=rows),
    )  # fmt: skip


def weak(facts: Facts) -> Section:
    """The classes and slices of the lowest figures, and what small corruptions take away."""
    parts = [one for one in facts.measures if one.part is not None]
    text, found = [], facts.evidence
    if parts:
        shown = f" (the weakest {SHOWN} of {len(parts)})" if len(parts) > SHOWN else ""
        text.append(f"By class and by slice, the weakest first{shown}.")
    if found is not None and found.robustness:
        said = "; ".join(f"{one.name} {_change(one.challenger)}" for one in found.robustness)
        text.append(
            f"What small corruptions change of the {found.primary}, on {found.robustness_examples} examples of the "
            f"test split: {said}."
        )
    if found is not None and found.severity is not None:
        one = found.severity
        text.append(f"{one.name.replace('_', ' ').capitalize()}: {_with(one.challenger)}.")
    rows = tuple((one.part or "", one.metric, *_ends(one)) for one in parts[:SHOWN])
    head = ("part", "metric", "value", "low", "high")
    return Section(
        name="weak", title="Where it is weak", text="\n\n".join(text) or "It was not measured.",
        table=Table(head=head, rows=rows) if rows else None,
    )  # fmt: skip


def calibration(facts: Facts) -> Section:
    """Whether its probabilities can be taken as such."""
    rows = [(name, facts.metrics[name]) for name in CALIBRATION if name in facts.metrics]
    if not rows:
        text = "Its scores order its answers; whether they are probabilities was not measured."
        return Section(name="calibration", title="How sure it is", text=text)
    text = (
        "The calibration error is how far, on average, the probability of the answer lies from how often such answers "
        "are right: 0 would be perfect. Lower is better in all of these."
    )
    table = Table(
        head=("metric", "value", "low", "high"),
        rows=tuple((name, *(f"{end:.4f}" for end in (one.value, one.low, one.high))) for name, one in rows),
    )
    return Section(name="calibration", title="How sure it is", text=text, table=table)


def _ends(one: Measure) -> Iterable[str]:
    return ["" if value is None else f"{value:.4f}" for value in (one.value, one.low, one.high)]


def _with(one: Interval) -> str:
    return f"{one.value:.4f} [{one.low:.4f}, {one.high:.4f}]"


def _change(one: Interval) -> str:
    return f"{one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}]"
