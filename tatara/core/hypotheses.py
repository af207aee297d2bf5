"""Tests of paired comparisons: one-sided, of many slices at once, and how many examples would decide."""

import math
from collections.abc import Sequence
from statistics import NormalDist

LEVEL, POWER = 0.05, 0.8
"""Of the test that a verdict is (each side of its 90 % interval), and how often it should decide."""


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p-value that two classifiers are right equally often.

    Args:
        only_first, only_second: examples that only this one got right.

    McNemar 1947, Note on the sampling error of the difference between correlated proportions.
    """
    discordant, term, tail = only_first + only_second, 1, 0
    for i in range(min(only_first, only_second) + 1):
        tail += term
        term = term * (discordant - i) // (i + 1)
    return float(min(1.0, 2 * tail / 2**discordant))


def tango_score(delta: float, only_first: int, only_second: int, examples: int) -> float:
    """How many standard deviations the counts lie from a true difference ``delta``, under its likeliest proportions."""
    linear = (2 * examples - only_first + only_second) * delta - only_first - only_second
    root = math.sqrt(max(linear**2 + 8 * examples * only_second * delta * (1 - delta), 0.0))
    only_second_share = (root - linear) / (4 * examples)
    variance = examples * (2 * only_second_share + delta * (1 - delta))
    apart = only_first - only_second - examples * delta
    return apart / math.sqrt(variance) if variance > 1e-12 else math.copysign(math.inf, apart) if apart else 0.0


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number, in the same order: the chance of any false alarm stays below the level.

    Holm 1979, A simple sequentially rejective multiple test procedure. It holds whatever the dependence, as between
    slices that share examples.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, highest = [0.0] * len(p_values), 0.0
    for place, position in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[position]))
        corrected[position] = highest
    return corrected


def accuracy_worse(only_challenger: int, only_champion: int, examples: int, margin: float) -> float:
    """One-sided p-value that the challenger does not lose more than ``margin`` of accuracy on the same examples.

    The larger of Tango's score test at ``-margin`` and the exact sign test at 0. The latter is valid for every margin,
    and on a handful of examples, where the score's normal approximation is not.

    Args:
        only_challenger, only_champion: examples that only this one got right.
        examples: in all.
        margin: accuracy that may be lost, 0..1.
    """
    discordant = only_challenger + only_champion
    if discordant == 0:
        return 1.0
    exact: float = sum(math.comb(discordant, won) for won in range(only_challenger + 1)) / 2**discordant
    return max(exact, NormalDist().cdf(tango_score(-margin, only_challenger, only_champion, examples)))


def decisions_needed(margin: float) -> int | None:
    """The least decisions that can show a loss of at most ``margin``, where all come out alike; None for no number.

    Tango's interval without a discordant decision is narrower than the margin from ``z_level ** 2 * (1 - margin) /
    margin`` on.
    """
    return math.ceil(_concordant(margin)) if margin > 0 else None


def _concordant(margin: float) -> float:
    return NormalDist().inv_cdf(1 - LEVEL) ** 2 * (1 - margin) / margin


def examples_needed(
    difference: float, deviation: float, margin: float, decisions: float = 1.0, exact: bool = False
) -> int | None:
    """How many examples would decide with a power of `POWER`, if what was observed were the truth; None for no number.

    A verdict decides when its interval lies above ``-margin`` or below 0, so what counts is the farther of the two:
    ``n = ((z_level + z_power) * deviation / max(difference + margin, -difference)) ** 2``, for pairs of right and wrong
    that of Connor 1987 (Sample size for testing differences in proportions for the paired-sample design). Between the
    two it is less, since an interval narrower than the margin cannot hold both: ``(2 z_level * deviation / margin) **
    2``. Where the models hardly differ, n is at least that of `decisions_needed`. An exact test has to agree to a loss;
    what that costs is the correction for continuity of Fleiss, Tytun & Ury 1980 (A simple approximation for calculating
    sample sizes for comparing independent proportions).

    Args:
        difference: observed, challenger minus champion, of a metric of which more is better.
        deviation: of one example's part in it; of right and wrong, ``sqrt(discordant share - difference ** 2)``.
        margin: what may be lost.
        decisions: that an example holds on average, such as objects to be found.
        exact: the metric is of right and wrong, see `tatara.core.statistics.Verdict`.
    """
    distance = max(difference + margin, -difference)
    if distance <= 0 or margin <= 0:
        return None
    z = NormalDist().inv_cdf(1 - LEVEL)
    by_spread = (deviation * min((z + NormalDist().inv_cdf(POWER)) / distance, 2 * z / margin)) ** 2
    if exact and -difference > difference + margin:
        by_spread *= (1 + math.sqrt(1 + 4 / (by_spread * -difference))) ** 2 / 4
    return math.ceil(max(by_spread, _concordant(margin) / max(decisions, 1e-9)))
