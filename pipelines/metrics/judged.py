"""A model's answers to known examples, ready to be weighed: the same metrics on resamples, slices and corruptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tatara.core.statistics import Weighted

Floats = NDArray[np.float64]
LOWER_IS_BETTER = frozenset({"log_loss", "calibration_error", "mistake_severity"})


@dataclass(frozen=True)
class Part:
    """The primary metric on a part that the kind itself knows, such as one class or small objects.

    Attributes:
        metric: of weighted examples; those without the part change nothing, or only by their false answers.
        shown: bool (examples,), those that show the part.
        decisions: that it holds, such as its objects.
        quality: (examples,) how well each was answered in this part, higher is better, to find where most was lost.
    """

    metric: Weighted
    shown: NDArray[np.bool_]
    decisions: int
    quality: Floats


@dataclass(frozen=True)
class Judged:
    """One model's answers to examples of known truth, in order of digest.

    Attributes:
        paths, digests: of the examples.
        metrics: name -> metric of weighted examples, the primary one first.
        parts: (column, value) -> part.
        decisions: int (examples,), such as objects to be found.
        quality: (examples,) how well each was answered, higher is better.
        right: bool (examples,) where an answer is right or wrong, None where there is more to it.
    """

    paths: Sequence[str]
    digests: Sequence[str]
    metrics: Mapping[str, Weighted]
    parts: Mapping[tuple[str, str], Part]
    decisions: NDArray[np.int64]
    quality: Floats
    right: NDArray[np.bool_] | None = None

    def part(self, metric: str, shown: NDArray[np.bool_]) -> Part:
        """The examples ``shown`` as a part, by one of the metrics."""
        return Part(within(self.metrics[metric], shown), shown, int(self.decisions[shown].sum()), self.quality)


def within(metric: Weighted, shown: NDArray[np.bool_]) -> Weighted:
    """The metric of the examples ``shown`` alone."""
    return lambda weights: metric(weights * shown)


def mean_of(values: Floats, whole: Floats | None = None) -> Weighted:
    """Weighted mean of ``values`` (examples,), or their sum over that of ``whole``; NaN where there is nothing."""

    def metric(weights: Floats) -> Floats:
        total = weights.sum(axis=1) if whole is None else weights @ whole
        found = np.full(len(weights), np.nan)
        np.divide(weights @ values, total, out=found, where=total > 0)
        return found[:, None]

    return metric


def mean_gap(gaps: Floats, counts: Floats) -> Weighted:
    """Calibration error of weighted examples from each one's (confidence - right) by bin, (examples, bins), and how
    many decisions it holds (examples,). Guo et al. 2017, On calibration of modern neural networks."""

    def metric(weights: Floats) -> Floats:
        total, found = weights @ counts, np.full(len(weights), np.nan)
        np.divide(np.abs(weights @ gaps).sum(axis=1), total, out=found, where=total > 0)
        return found[:, None]

    return metric
