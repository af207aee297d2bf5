"""The figures of a version as rows of pictures: levels of both models, and differences against a margin."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from registry.evidence import Evidence, Figure, Slice, most_harm_first
from registry.web.scales import Mark, Scale, mark, scale
from registry.web.words import number, percent, plain, points
from tatara.core.statistics import Interval

NOT_LEVELS = frozenset({"gap", "train_accuracy", "above_chance"})
"""Of a run's metrics, those that say nothing of which model is better."""
MOST = 12


@dataclass(frozen=True)
class Level:
    """One metric of both models, with their values in words."""

    name: str
    challenger: Mark
    champion: Mark | None
    said: str
    other: str


@dataclass(frozen=True)
class Levels:
    """Metrics on one scale."""

    title: str
    rows: tuple[Level, ...]
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Difference:
    """Challenger less champion: above ``zero`` is better, below ``margin`` is too much worse.

    Attributes:
        tone: ``good``, ``bad``, ``doubtful`` or ``even``.
        note: what else is to be said, such as how many examples.
    """

    name: str
    mark: Mark
    said: str
    tone: str
    note: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Differences:
    """Differences on one scale, with where nothing and where the margin lies."""

    rows: tuple[Difference, ...]
    zero: float
    margin: float | None
    ticks: tuple[tuple[float, str], ...]


def levels(mine: Any, other: Any, evidence: Evidence) -> tuple[Levels, ...]:
    """The metrics that the evaluations of both runs wrote, with 95 % intervals: shares, and those of which less is
    better, each on a scale of its own.

    Args:
        mine, other: ``evaluate/metrics.json`` of the challenger's and the champion's run; None where there is none.
        evidence: for what these files do not have.
    """
    ours, theirs = _intervals(mine), _intervals(other)
    if not ours:
        ours = {one.metric: _point(one.challenger) for one in evidence.comparison}
        theirs = {one.metric: _point(one.champion) for one in evidence.comparison}
    names = [name for name in ours if name not in NOT_LEVELS]
    names.sort(key=lambda name: (name != evidence.primary, name))
    less = {one.metric for one in evidence.comparison if not one.higher_is_better} | {
        "log_loss", "brier", "calibration_error", "mistake_severity",
    }  # fmt: skip
    shares = [name for name in names if name not in less and ours[name].low >= -1 and ours[name].high <= 1]
    rest = [name for name in names if name in less]
    made = [_levels("", shares[:MOST], ours, theirs, share=True)] if shares else []
    if rest:
        made.append(_levels("less is better", rest[:MOST], ours, theirs, share=False))
    return tuple(made)


def slices(found: Iterable[Slice], evidence: Evidence, margin: float, alpha: float) -> Differences | None:
    """The slices, see `registry.evidence.most_harm_first`; ``margin`` and ``alpha`` are those of the gate."""
    rows = most_harm_first(found, alpha)
    if not rows:
        return None
    on = scale([0.0, -margin, *(edge for one in rows for edge in (one.difference.low, one.difference.high))], -1, 1)
    made = tuple(
        Difference(
            name=f"{plain(one.column)} {plain(one.value)}", mark=mark(on, one.difference),
            said=points(one.difference.value), tone=_tone(one.difference, margin, one.p_holm < alpha),
            note=f"{one.examples} examples, {_p(one.p_holm)}", examples=one.worst,
        )
        for one in rows
    )  # fmt: skip
    return Differences(made, on.at(0), on.at(-margin), _ticks(on, share=True))


def robustness(evidence: Evidence, margin: float | None) -> Differences | None:
    """What small corruptions cost the challenger more, or less, than the champion; the change itself where there is no
    champion."""
    rows = evidence.robustness
    if not rows:
        return None
    shown = [(one, one.difference or one.challenger) for one in rows]
    on = scale(
        [0.0, *([] if margin is None else [-margin]), *(edge for _, gap in shown for edge in (gap.low, gap.high))]
    )
    made = tuple(
        Difference(
            name=plain(one.name), mark=mark(on, gap), said=points(gap.value), tone=_tone(gap, margin or 0.0, False),
            note=_costs(one),
        )
        for one, gap in shown
    )  # fmt: skip
    return Differences(made, on.at(0), None if margin is None else on.at(-margin), _ticks(on, share=True))


def pair(figure: Figure) -> Levels:
    """Calibration or severity of both."""
    ours = {figure.name: figure.challenger}
    theirs = {figure.name: figure.champion} if figure.champion else {}
    return _levels("less is better", [figure.name], ours, theirs, share=False)


def _levels(
    title: str, names: list[str], ours: Mapping[str, Interval], theirs: Mapping[str, Interval], share: bool
) -> Levels:  # fmt: skip
    shown = [one[name] for one in (ours, theirs) for name in names if name in one]
    edges = [edge for one in shown for edge in (one.low, one.high)]
    on = scale(edges, 0, 1) if share else scale([0.0, *edges], 0)
    say = percent if share else number
    rows = tuple(
        Level(
            plain(name), mark(on, ours[name]), mark(on, theirs[name]) if name in theirs else None,
            say(ours[name].value), say(theirs[name].value) if name in theirs else "–",
        )
        for name in names
    )  # fmt: skip
    return Levels(title, rows, _ticks(on, share, signs=False))


def _ticks(on: Scale, share: bool, signs: bool = True) -> tuple[tuple[float, str], ...]:
    def said(value: float) -> str:
        shown = f"{100 * value:g}" if share else f"{value:g}"
        return f"+{shown}" if signs and value > 0 else shown.replace("-", "−")

    return tuple((on.at(value), said(value)) for value in on.ticks(4) if on.low <= value <= on.high)


def _tone(gap: Interval, margin: float, proven: bool) -> str:
    if proven:
        return "bad"
    if gap.low > 0:
        return "good"
    return "doubtful" if gap.value < -margin else "even"


def _p(value: float) -> str:
    return f"p {value:.2g}".replace("0.", ".") if value >= 0.001 else "p < .001"


def _costs(figure: Figure) -> str:
    mine = points(figure.challenger.value)
    return f"{mine}, champion {points(figure.champion.value)}" if figure.champion else "against clean examples"


def _intervals(found: Any) -> dict[str, Interval]:
    made = {}
    for name, value in found.items() if isinstance(found, dict) else ():
        try:
            made[str(name)] = Interval.model_validate(value)
        except ValidationError:
            continue
    return made


def _point(value: float) -> Interval:
    return Interval(value=value, low=value, high=value)
