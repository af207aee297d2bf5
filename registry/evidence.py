"""What a decision about a version is made on: figures that the pipelines' check step wrote, judged by `registry.gates`.

Differences are challenger minus champion, on the same examples, so that above 0 is better for the challenger where
the metric is one of quality. What needs a champion is None, or empty, where there is none.
"""

from collections.abc import Iterable
from pathlib import Path

from tatara.core.contract import Strict
from tatara.core.statistics import Interval, Verdict

FILE = "evidence.json"
"""In the folder of the check step."""
SHOWN, SHOWN_WORST = 20, 6
"""Paths of leaking examples that are kept, and of a slice's worst."""


class Validation(Strict):
    """Whether the data passed its suite, and whether requests are held to the same rules.

    Attributes:
        success: every critical rule passed.
        rules: their number.
        suite: SHA-256 of the suite.
        bounds_from_suite: the contract's bounds are exactly those that the suite marks for requests.
    """

    success: bool
    rules: int
    suite: str
    bounds_from_suite: bool


class Parity(Strict):
    """How far the exported graphs lie from TensorFlow."""

    equal: bool
    max_abs: float
    examples: int


class Leakage(Strict):
    """Test examples (paths, at most `SHOWN` each) whose content was learned from, by the digest of their bytes.

    Attributes:
        own: in the training or valid split of the challenger's own data, with their number.
        champion: in that of the champion's run, with their number; None where its tables cannot be had.
    """

    own: tuple[str, ...]
    own_count: int
    champion: tuple[str, ...] | None
    champion_count: int | None


class Compared(Strict):
    """One metric on the same examples.

    Attributes:
        metric: name.
        challenger, champion: its values.
        verdict: of the paired test, by the margin that the check was asked for, a number in the metric's own unit. Its
            difference is challenger minus champion also where less is better: then ``better`` means that it lies
            below 0.
        needed: examples that would decide it, where there is not enough data; None elsewhere.
        higher_is_better: of the metric.
    """

    metric: str
    challenger: float
    champion: float
    verdict: Verdict
    needed: int | None
    higher_is_better: bool = True


class Slice(Strict):
    """The primary metric on a part of the test split.

    Attributes:
        column, value: what the part is, such as ``label`` and ``8``, ``object size`` and ``small``, ``brightness`` and
            ``dark``, or a column of the index.
        examples: in it.
        challenger, champion: the metric's values.
        difference: with its two-sided 95 % interval.
        p_worse: one-sided p-value that the challenger is not worse by more than the margin.
        p_holm: the same, corrected for all slices (Holm 1979).
        worst: paths of the examples on which the challenger lost most against the champion, worst first.
        needed: examples of it that would decide, where these neither show a loss nor rule out one beyond the margin.
    """

    column: str
    value: str
    examples: int
    challenger: float
    champion: float
    difference: Interval
    p_worse: float
    p_holm: float
    worst: tuple[str, ...]
    needed: int | None = None


class Figure(Strict):
    """A metric of both, and their difference where there is a champion.

    Attributes:
        name: ``calibration_error``, ``mistake_severity``, or a corruption: ``blur``, ``noise``, ``jpeg``, ``dark``,
            ``bright``.
        higher_is_better: of the metric; of a corruption's change, which is below 0 where the metric falls, True.
        challenger: with its interval; of a corruption, the primary metric on corrupted images less that on clean ones.
        champion, difference: None where there is no champion, or it has no such figure.
        level: of a corruption, challenger minus champion on the corrupted images themselves: a challenger that falls
            more and still stays above is no loss. None elsewhere.
    """

    name: str
    higher_is_better: bool
    challenger: Interval
    champion: Interval | None
    difference: Interval | None
    level: Interval | None = None


class Cost(Strict):
    """What an answer costs, both models measured in alternation in one run.

    Attributes:
        hardware: class of the machine, such as ``cpu:2:Intel Xeon`` (device, cores, processor).
        latency_ms: median of one example at a time, from file bytes to finished answer.
        memory_mb: peak of a process that answers, less the one that has only started.
        bytes: of the ONNX files.
        champion_latency_ms, latency_ratio, champion_memory_mb, champion_bytes: None where there is no champion; the
            ratio is challenger / champion with its interval over the rounds.
    """

    hardware: str
    latency_ms: float
    memory_mb: float
    bytes: int
    champion_latency_ms: float | None
    latency_ratio: Interval | None
    champion_memory_mb: float | None
    champion_bytes: int | None = None


class Evidence(Strict):
    """All of it.

    Attributes:
        name, version: the challenger.
        champion: version of the champion, None where there is none.
        kind: of the model.
        examples: of the test split that were asked.
        margin: of the primary metric that may be lost, which the check was asked for.
        seed: of every resampling and corruption.
        primary: name of the kind's primary metric.
        above_chance: by how much the model beats an answer that does not look; None where the kind has none.
        warnings: what training said of a model that does not learn.
        comparison: the primary metric first; empty where there is no champion.
        slices: all that were looked at, see `most_harm_first`; empty where there is no champion.
        calibration, severity: None where the kind, or the dataset, has none.
        robustness: by small corruption, the change of the primary metric against the clean images, and the difference
            of both models' changes.
        robustness_examples: of the test split that were corrupted, a sample where there are many.
    """

    name: str
    version: str
    champion: str | None
    kind: str
    examples: int
    margin: float
    seed: int
    primary: str
    validation: Validation
    parity: Parity
    leakage: Leakage
    above_chance: Interval | None
    warnings: tuple[str, ...]
    comparison: tuple[Compared, ...]
    slices: tuple[Slice, ...]
    calibration: Figure | None
    severity: Figure | None
    robustness: tuple[Figure, ...]
    cost: Cost
    robustness_examples: int = 0


def unseeing(kind: str) -> str:
    """The answer that does not look which a model of that kind has to beat, in words."""
    return "the image itself" if kind == "image" else "guessing"


def most_harm_first(slices: Iterable[Slice], alpha: float) -> tuple[Slice, ...]:
    """Those that are shown to be worse at level ``alpha``, the largest loss first; then the others, the surest first.

    A large slice that lost a little is surer than a class that was lost; it is not the greater harm.
    """
    return tuple(sorted(slices, key=lambda one: _harm(one, alpha)))


def _harm(one: Slice, alpha: float) -> tuple[bool, float, float]:
    if one.p_holm < alpha:
        return False, one.difference.value, one.p_holm
    return True, one.p_holm, one.difference.value


def read(folder: Path) -> Evidence:
    """The evidence in a check step's folder."""
    return Evidence.model_validate_json((folder / FILE).read_bytes())
