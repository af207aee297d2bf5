"""A metric of one model or of two on resamples of the same examples: intervals, differences, and p-values of a loss."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tatara.core.statistics import Interval, Weighted, paired_proportions_apart, times_drawn

Floats = NDArray[np.float64]
RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Sampled:
    """A metric, or a difference, with its values on resamples of the examples.

    Attributes:
        value: on the examples; NaN where it is undefined.
        values: (resamples,), NaN where one holds nothing that counts.
    """

    value: float
    values: Floats

    def __sub__(self, other: "Sampled") -> "Sampled":
        return Sampled(self.value - other.value, self.values - other.values)

    @property
    def deviation(self) -> float:
        """Of the value, over the resamples; 0 where there are none."""
        there = self.values[~np.isnan(self.values)]
        return float(there.std(ddof=1)) if len(there) > 1 else 0.0

    def interval(self, least: float = -np.inf, most: float = np.inf, confidence: float = CONFIDENCE) -> Interval:
        """Percentiles, moved by the resamples' bias, within ``least`` and ``most``.

        Without a value: all that is possible, from -1 to 1 where there are no bounds.
        """
        there = self.values[~np.isnan(self.values)]
        if np.isnan(self.value) or not len(there):
            low, high = max(least, -1.0), min(most, 1.0)
            return Interval(value=float(np.clip(0.0, low, high)), low=low, high=high)
        ends = np.quantile(there, [0.5 - confidence / 2, 0.5 + confidence / 2]) + self.value - there.mean()
        low, high = np.clip(ends, least, most)
        return Interval(value=self.value, low=min(float(low), self.value), high=max(float(high), self.value))


def weightings(examples: int, seed: int, resamples: int = RESAMPLES) -> Floats:
    """How often each example counts ``(1 + resamples, examples)``: once, then as drawn with replacement.

    The same for every metric of the same examples, which is what pairs them.
    """
    if not examples:
        return np.ones((1, 0))
    return np.concatenate([np.ones((1, examples)), times_drawn(examples, seed, resamples)])


def sampled(metric: Weighted, weights: Floats) -> Sampled:
    """The metric on the examples and on the resamples that `weightings` drew."""
    found = metric(weights)[:, 0] if weights.shape[1] else np.full(len(weights), np.nan)
    return Sampled(float(found[0]), found[1:])


def apart(challenger: Weighted, champion: Weighted, weights: Floats) -> Sampled:
    """Challenger minus champion, in pairs."""
    return sampled(challenger, weights) - sampled(champion, weights)


def widened(interval: Interval, decisions: int, confidence: float = CONFIDENCE) -> Interval:
    """A difference's interval, no narrower than Tango's of as many decisions that all came out the same.

    Two models that agree on a handful of examples are not called equal.
    """
    floor, value = paired_proportions_apart(0, 0, decisions, confidence), interval.value
    low, high = min(interval.low, value + floor.low), max(interval.high, value + floor.high)
    return Interval(value=value, low=max(-1.0, low), high=min(1.0, high))


def p_of_loss(difference: Sampled, margin: float, examples: int) -> float:
    """One-sided p-value that no more than ``margin`` is lost, of a share that is no mean of right and wrong.

    Student's t of the bootstrap's deviation with as many degrees of freedom as there are examples less one, and never
    below the share of resamples that lose no more: the former has a tail beyond what resamples can show, the latter
    sees where they are skewed.
    """
    from scipy.stats import t

    if np.isnan(difference.value) or difference.value >= 0:
        return 1.0
    there = difference.values[~np.isnan(difference.values)]
    if not len(there) or difference.deviation < 1e-12 or examples < 2:
        return 1.0
    by_t = float(t.cdf((difference.value + margin) / difference.deviation, examples - 1))
    return max(by_t, float((there >= -margin).mean()))
