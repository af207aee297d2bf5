"""Uncertainty: intervals around metrics, and paired comparison of two models on the same examples."""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tatara.core.contract import Strict
from tatara.core.hypotheses import mcnemar, tango_score

Sums = NDArray[np.float64]
Statistic = Callable[[Sums], Sums]
Weighted = Callable[[Sums], Sums]
"""How often each example counts ``(weightings, examples)`` -> metrics ``(weightings, metrics)``, NaN if undefined."""
Judgement = Literal["better", "not_worse", "worse", "not_enough_data"]


class Interval(Strict):
    """An estimate and the ends of its confidence interval, ``low <= value <= high`` unless bias was corrected."""

    value: float
    low: float
    high: float


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(successes: float, trials: float, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion: its width is never zero, also where nothing or everything succeeded.

    Wilson 1927, Probable inference, the law of succession, and statistical inference. Without trials: 0 to 1.
    """
    if trials == 0:
        return Interval(value=0.0, low=0.0, high=1.0)
    z, share = _z(confidence), successes / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * (share * (1 - share) / trials + z**2 / (4 * trials**2)) ** 0.5
    return Interval(value=share, low=max(0.0, min(centre - half, share)), high=min(1.0, max(centre + half, share)))


def proportions_apart(first: Interval, second: Interval) -> Interval:
    """Difference of two independent proportions from their Wilson intervals.

    Newcombe 1998, Interval estimation for the difference between independent proportions, method 10.
    """
    gap = first.value - second.value
    below = ((first.value - first.low) ** 2 + (second.high - second.value) ** 2) ** 0.5
    above = ((first.high - first.value) ** 2 + (second.value - second.low) ** 2) ** 0.5
    return Interval(value=gap, low=max(-1.0, gap - below), high=min(1.0, gap + above))


def bootstrap(
    features: NDArray[np.float64], statistic: Statistic, seed: int = 0, resamples: int = 2000, confidence: float = 0.95
) -> list[Interval]:
    """Bias-corrected and accelerated bootstrap intervals of several metrics at once, over the same resamples.

    The metrics are functions of means over the examples, so that a resample is one matrix product and leaving one
    example out (for the acceleration) is one subtraction. Efron 1987, Better bootstrap confidence intervals.

    Where over nine tenths of the resamples lie on one side of the estimate, as they do for a calibration error near 0,
    that correction has no hold; their percentiles are used, moved by the bias and not beyond the resamples.

    Where all resamples agree, as on metrics of mistakes where there was no mistake, the interval has no width: there
    the caller must know a bound (see `wilson`).

    Args:
        features: float64 (examples, features).
        statistic: means ``(..., features)`` -> metrics ``(..., metrics)``.
        seed: of the resamples.
        resamples: their number.
        confidence: of the interval, two-sided.
    """
    count = len(features)
    value = statistic(features.mean(axis=0))
    sampled = _resampled(features, statistic, seed, resamples)
    without = statistic((features.sum(axis=0) - features) / max(count - 1, 1))
    below = ((sampled < value).mean(axis=0) + (sampled <= value).mean(axis=0)) / 2
    levels = _bca_levels(below, without, confidence)
    found = []
    for i, estimate in enumerate(value):
        if 0.1 <= below[i] <= 0.9:
            low, high = np.quantile(sampled[:, i], np.clip(levels[:, i], 0.0, 1.0))
        else:
            moved = np.quantile(sampled[:, i], [0.5 - confidence / 2, 0.5 + confidence / 2])
            moved += estimate - sampled[:, i].mean()
            low, high = np.clip(moved, min(sampled[:, i].min(), estimate), max(sampled[:, i].max(), estimate))
        found.append(Interval(value=float(estimate), low=float(low), high=float(high)))
    return found


def _resampled(features: NDArray[np.float64], statistic: Statistic, seed: int, resamples: int) -> Sums:
    """The metrics ``(resamples, metrics)`` of samples drawn with replacement, some at a time to spare memory."""
    generator, count = np.random.default_rng(seed), len(features)
    block = max(1, 2**24 // count)
    parts = []
    for start in range(0, resamples, block):
        times = generator.multinomial(count, np.full(count, 1 / count), size=min(block, resamples - start))
        parts.append(statistic(times.astype(np.float64) @ features / count))
    return np.concatenate(parts)


def _bca_levels(below: Sums, without: Sums, confidence: float) -> Sums:
    """The quantiles ``(2, metrics)`` of the resamples at which the interval ends; ``below`` of them lie lower."""
    bias = np.array([NormalDist().inv_cdf(share) for share in np.clip(below, 0.1, 0.9)])
    away = without.mean(axis=0) - without
    spread = (away**2).sum(axis=0)
    acceleration = np.divide((away**3).sum(axis=0), 6 * spread**1.5, out=np.zeros_like(spread), where=spread > 0)
    z = np.array([[-1.0], [1.0]]) * _z(confidence)
    levels: Sums = np.vectorize(NormalDist().cdf)(bias + (bias + z) / (1 - acceleration * (bias + z)))
    return levels


def resampled(
    statistic: Weighted, examples: int, trials: int, seed: int = 0, resamples: int = 1000, confidence: float = 0.95
) -> list[Interval | None]:
    """Basic bootstrap intervals of shares that are no function of means, such as average precision.

    Average precision is higher on few examples than on many, and higher again on their resamples, in which examples
    repeat: the resamples' quantiles are reflected at the estimate, which takes that bias out (Davison and Hinkley 1997,
    Bootstrap methods and their application, 5.2). Resamples in which a metric is undefined are left out; one that is
    undefined on the examples has None. Where all resamples agree, as they do where nothing is wrong, the
    interval is Wilson's of that share of ``trials``.

    Args:
        statistic: of weighted examples.
        examples: their number.
        trials: decisions that the examples hold, such as objects to be found.
        seed, resamples, confidence: as for `bootstrap`.
    """
    value, sampled = statistic(_once(examples))[0], statistic(times_drawn(examples, seed, resamples))
    return [
        None if math.isnan(estimate) else _reflected(float(estimate), column, trials, confidence)
        for estimate, column in zip(value, sampled.T, strict=True)
    ]


def times_drawn(examples: int, seed: int, resamples: int) -> Sums:
    """How often each example is in a sample drawn with replacement ``(resamples, examples)``."""
    times = np.random.default_rng(seed).multinomial(examples, np.full(examples, 1 / examples), size=resamples)
    return times.astype(np.float64)


def _reflected(estimate: float, sampled: Sums, trials: int, confidence: float) -> Interval:
    low, high = 2 * estimate - np.nanquantile(sampled, [0.5 + confidence / 2, 0.5 - confidence / 2])
    if high - low < 1e-12:
        return wilson(estimate * trials, trials, confidence)
    return Interval(value=estimate, low=max(0.0, min(float(low), estimate)), high=min(1.0, max(float(high), estimate)))


def paired_proportions_apart(only_first: int, only_second: int, examples: int, confidence: float = 0.95) -> Interval:
    """Score interval of the difference of two classifiers' accuracy on the same examples; never of zero width.

    Tango 1998, Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design. Without examples: -1 to 1.
    """
    if examples == 0:
        return Interval(value=0.0, low=-1.0, high=1.0)
    z, gap = _z(confidence), (only_first - only_second) / examples

    def end(inner: float, outer: float) -> float:
        """Halve the way from the estimate to the bound until the score is ``z``; it falls with the difference."""
        for _ in range(60):
            middle = (inner + outer) / 2
            if abs(tango_score(middle, only_first, only_second, examples)) < z:
                inner = middle
            else:
                outer = middle
        return inner

    return Interval(value=gap, low=end(gap, -1.0), high=end(gap, 1.0))


class Verdict(Strict):
    """How a challenger stands to a champion on the same examples.

    Attributes:
        verdict: ``better``: the interval lies above 0; ``not_worse``: above -margin; ``worse``: below 0, and not above
            -margin; ``not_enough_data``: none of these. Right and wrong are ``better`` or ``worse`` only where the
            exact test agrees: on few discordant answers the interval alone would be wrong a little too often.
        difference: of the metric, challenger minus champion, with its two-sided ``confidence`` interval.
        margin: what may be lost of the metric.
        examples: compared.
        only_challenger, only_champion: examples that only this one got right, or on which it did better.
        p_value: McNemar's exact one of these two, which makes it a sign test.
        exact: the p-value is of the metric itself, and has to agree: the metric is right and wrong.
    """

    verdict: Judgement
    difference: Interval
    confidence: float
    margin: float
    examples: int
    only_challenger: int
    only_champion: int
    p_value: float
    exact: bool = False

    @property
    def apart(self) -> bool:
        """Whether the exact test, where it is the metric's own, lets one be called better."""
        return not self.exact or self.p_value <= 1 - self.confidence


def paired_not_worse(
    challenger: NDArray[np.bool_], champion: NDArray[np.bool_], margin: float, confidence: float = 0.9
) -> Verdict:
    """Judge whether ``challenger`` loses no more than ``margin`` of accuracy against ``champion``.

    Args:
        challenger, champion: bool (examples,), whether the answer was right, on the same examples in the same order.
        margin: accuracy that may be lost, 0..1.
        confidence: of the two-sided interval; 0.9 makes each side a test at 5 %.
    """
    only_challenger = int((challenger & ~champion).sum())
    only_champion = int((champion & ~challenger).sum())
    gap = paired_proportions_apart(only_challenger, only_champion, len(champion), confidence)
    p_value = mcnemar(only_challenger, only_champion)
    return Verdict(
        verdict=judgement(gap, margin, apart=p_value <= 1 - confidence), difference=gap, confidence=confidence,
        margin=margin, examples=len(champion), only_challenger=only_challenger, only_champion=only_champion,
        p_value=p_value, exact=True,
    )  # fmt: skip


def paired_metrics_apart(
    first: Weighted, second: Weighted, examples: int, trials: int, seed: int = 0, resamples: int = 1000,
    confidence: float = 0.95,
) -> Interval:  # fmt: skip
    """Difference of a metric that is a share, of two models on the same examples, by paired bootstrap.

    The ends are percentiles: the bias that `resampled` speaks of is that of both and cancels. Farther out on few
    examples, as Student's t is (Hesterberg 2015, What teachers should know about the bootstrap). The interval is never
    narrower than Tango's of ``trials`` decisions that came out the same, so that two models that agree on a handful of
    examples are not called equal. -1 to 1 where the metric is undefined.

    Args:
        first, second: weighted examples -> the one metric, of the same examples in the same order.
        examples: their number.
        trials: decisions that the examples hold, such as objects to be found.
        seed, resamples: of the bootstrap.
        confidence: of the interval, two-sided.
    """
    value = float((first(_once(examples)) - second(_once(examples)))[0, 0]) if examples else math.nan
    if math.isnan(value):
        return Interval(value=0.0, low=-1.0, high=1.0)
    weights, floor = times_drawn(examples, seed, resamples), paired_proportions_apart(0, 0, trials, confidence)
    tail = expanded_tail(examples, confidence)
    low, high = np.nanquantile(first(weights) - second(weights), [tail, 1 - tail])
    low, high = min(float(low), value + floor.low), max(float(high), value + floor.high)
    return Interval(value=value, low=max(-1.0, low), high=min(1.0, high))


def paired_metric_not_worse(
    challenger: Weighted, champion: Weighted, examples: int, trials: int, margin: float, seed: int = 0,
    confidence: float = 0.9,
) -> Verdict:  # fmt: skip
    """Judge whether ``challenger`` loses no more than ``margin`` of a metric that is a share.

    Args:
        challenger, champion, examples, trials, seed: as for `paired_metrics_apart`.
        margin: what may be lost, 0..1.
        confidence: of the two-sided interval; 0.9 makes each side a test at 5 %.
    """
    gap = paired_metrics_apart(challenger, champion, examples, trials, seed, confidence=confidence)
    alone = (challenger(np.eye(examples)) - champion(np.eye(examples)))[:, 0] if examples else np.empty(0)
    won, lost = int((alone > 0).sum()), int((alone < 0).sum())
    return Verdict(
        verdict=judgement(gap, margin), difference=gap, confidence=confidence, margin=margin, examples=examples,
        only_challenger=won, only_champion=lost, p_value=mcnemar(won, lost),
    )  # fmt: skip


def _once(examples: int) -> Sums:
    return np.ones((1, examples))


def expanded_tail(examples: int, confidence: float) -> float:
    """Share of the resamples beyond each end of a percentile interval of so many examples."""
    z, freedom = _z(confidence), max(examples - 1, 1)
    t = z + (z**3 + z) / (4 * freedom)  # Student's quantile, to the first term of its expansion
    return NormalDist().cdf(-t * (examples / freedom) ** 0.5)


def judgement(gap: Interval, margin: float, apart: bool = True) -> Judgement:
    """What an interval of a gain says, see `Verdict`; unless they are ``apart``, that neither is better."""
    if apart and gap.low > 0:
        return "better"
    if gap.low > -margin:
        return "not_worse"
    return "worse" if apart and gap.high < 0 else "not_enough_data"
