"""Everything that the page of one version shows, gathered once."""

from dataclasses import dataclass
from typing import Any

from registry import review
from registry.evidence import Evidence
from registry.records import Card, GateVerdict, History, Record
from registry.web import charts, gallery, origin
from registry.web.charts import Differences, Levels
from registry.web.run_files import pictures, table
from registry.web.verdict import Verdict, verdict
from registry.web.words import percent, plain, points, signed, size
from tatara.core.errors import RefusedError
from tatara.core.release import Release
from tatara.core.statistics import Interval

PLOTS = ("evaluate/plots", "train/plots")
FIRST = ("reliability", "confusion", "curves")
"""Plots that are shown at once."""


@dataclass(frozen=True)
class Tile:
    """One figure at a glance: what it is, the figure, what to hold it against, and whether it is good or bad."""

    name: str
    value: str
    note: str
    tone: str = ""


@dataclass(frozen=True)
class Plot:
    """A picture of both runs: its name, the path among the artifacts, whose run has it, and whether it is
    shown at once."""

    name: str
    path: str
    mine: bool
    other: bool
    first: bool


@dataclass(frozen=True)
class View:
    """What is known of a version, ready to be shown.

    Attributes:
        record, history: of the version and of its model.
        verdict: the answer in sentences.
        champion: the version that it was compared with.
        earlier: the champion before the present one, where the version is that one.
        was_champion: whether a release ever made it the champion.
        card_refused: why the model card is not shown.
        refused: why the evidence's files are not shown.
    """

    record: Record
    history: History
    verdict: Verdict
    champion: str | None
    earlier: str | None
    was_champion: bool
    tiles: tuple[Tile, ...]
    levels: tuple[Levels, ...]
    slices: Differences | None
    margin: float | None
    robustness: Differences | None
    pairs: tuple[tuple[str, Levels], ...]
    gallery: gallery.Found
    plots: tuple[Plot, ...]
    lineage: origin.Lineage | None
    rules: tuple[origin.Rule, ...]
    card: Card | None
    card_refused: str | None
    refused: str | None

    @property
    def can(self) -> dict[str, str | None]:
        """Acts that the state allows -> why this user cannot do it."""
        return {one.act: one.refused for one in self.record.possible}


def view(name: str, version: str, user: str) -> View:
    """Gather it.

    Raises:
        UsageError: no such version.
    """
    record, history = review.record(name, version, user), review.history(name, user)
    judgement, evidence, run_id = record.judgement, record.evidence, record.summary.run_id
    runs = {one.version: one.run_id for one in history.versions}
    champion = evidence.champion if evidence else None
    other = runs.get(champion) if champion else None
    found, refused = gallery.Found(), None
    try:
        found = gallery.find(run_id, judgement) if judgement else found
    except RefusedError as error:
        refused = str(error)
    card, card_refused = _card(name, version)
    gates = {one.gate: one for one in judgement.verdicts} if judgement else {}
    margin = _number(gates.get("slices"), "margin") or (evidence.margin if evidence else None)
    alpha = _number(gates.get("slices"), "alpha") or 0.0
    levels = evidence and charts.levels(_metrics(run_id), _metrics(other), evidence)
    return View(
        record=record, history=history, champion=champion,
        verdict=verdict(record, alpha),
        earlier=_earlier(history.releases, version), was_champion=_was_champion(history.releases, version),
        tiles=_tiles(evidence, record), levels=levels or (), margin=margin,
        slices=charts.slices(evidence.slices, evidence, margin or 0.0, alpha) if evidence else None,
        robustness=charts.robustness(evidence, _number(gates.get("robustness"), "margin")) if evidence else None,
        pairs=tuple((one.name, charts.pair(one)) for one in _figures(evidence)), gallery=found,
        plots=_plots(run_id, other), lineage=origin.lineage(run_id), rules=origin.rules(run_id),
        card=card, card_refused=card_refused, refused=refused,
    )  # fmt: skip


def _card(name: str, version: str) -> tuple[Card | None, str | None]:
    """An edit that was changed in the log is no reason to hide the rest of the page."""
    try:
        return review.card(name, version), None
    except RefusedError as error:
        return None, str(error)


def _metrics(run_id: str | None) -> Any:
    return table(run_id, "evaluate/metrics.json") if run_id else None


def _figures(evidence: Evidence | None) -> list[Any]:
    return [one for one in (evidence.calibration, evidence.severity) if one is not None] if evidence else []


def _number(said: GateVerdict | None, name: str) -> float | None:
    """Of the policy, as the gate's verdict keeps it."""
    value = said.numbers.get(name) if said else None
    return float(value) if isinstance(value, int | float) else None


def _plots(run_id: str, other: str | None) -> tuple[Plot, ...]:
    mine = [path for folder in PLOTS for path in pictures(run_id, folder)]
    theirs = [path for folder in PLOTS for path in pictures(other, folder)] if other else []
    paths = sorted(dict.fromkeys([*mine, *theirs]), key=lambda path: _stem(path) not in FIRST)
    return tuple(Plot(plain(_stem(path)), path, path in mine, path in theirs, _stem(path) in FIRST) for path in paths)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".png")


def _earlier(releases: tuple[Release, ...], version: str) -> str | None:
    """The champion before, where ``version`` is champion now; none that was left by going back to one before it."""
    line: list[str | None] = []
    for one in reversed(releases):
        if one.role == "champion":
            line = [*line[: line.index(one.version)], one.version] if one.version in line else [*line, one.version]
    standing = [one for one in line if one is not None]
    return standing[-2] if len(standing) > 1 and line[-1] == version else None


def _was_champion(releases: tuple[Release, ...], version: str) -> bool:
    return any(one.role == "champion" and one.version == version for one in releases)


def _tiles(evidence: Evidence | None, record: Record) -> tuple[Tile, ...]:
    if evidence is None:
        return ()
    one, cost = record.summary, evidence.cost
    total = one.passed + one.failed + one.undecided
    rest = [f"{one.failed} failed" if one.failed else "", f"{one.undecided} undecided" if one.undecided else ""]
    tone = "bad" if one.failed else "doubtful" if one.undecided else "good"
    gates = Tile("gates", f"{one.passed} of {total}", ", ".join(filter(None, rest)) or "all passed", tone)
    ratio, grown = cost.latency_ratio, cost.bytes / cost.champion_bytes if cost.champion_bytes else None
    latency = Tile(
        "latency", f"{ratio.value:.2f}×" if ratio else f"{cost.latency_ms:.1f} ms",
        f"{cost.latency_ms:.1f} ms an answer" if ratio else plain(cost.hardware),
        "bad" if ratio and ratio.low > 1.2 else "good" if ratio and ratio.high < 0.9 else "",
    )  # fmt: skip
    held = f"{cost.memory_mb:.0f} MB at the peak"
    files = Tile("size", size(cost.bytes), f"{grown:.2f}×, {held}" if grown else held)
    return (_primary(evidence), gates, latency, files)


def _primary(evidence: Evidence) -> Tile:
    """The primary metric: the difference where there is a champion, else by how much it beats chance."""
    if evidence.comparison:
        first = evidence.comparison[0]
        gap, share = first.verdict.difference, first.higher_is_better
        gain = gap if share else Interval(value=-gap.value, low=-gap.high, high=-gap.low)
        tone = "good" if gain.low > 0 else "bad" if gain.high < 0 else ""
        say, unit = (points, " points") if share else (signed, "")
        note = f"{say(gap.low)} to {say(gap.high)}, champion {percent(first.champion) if share else first.champion}"
        return Tile(plain(first.metric), f"{say(gap.value)}{unit}", note, tone)
    if evidence.above_chance is not None:
        gap = evidence.above_chance
        tone = "good" if gap.low > 0 else "bad"
        return Tile("above chance", f"{points(gap.value)} points", f"{points(gap.low)} to {points(gap.high)}", tone)
    return Tile("test examples", f"{evidence.examples:,}", "no champion to compare with")
