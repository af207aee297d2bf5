"""Metrics of classification on arrays of probabilities, each with an interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tatara.core.statistics import Interval, bootstrap, wilson

BINS = 15
"""Of confidence, of equal width, in the calibration error."""
SMALLEST = 1e-12
"""Probability below which the log loss does not look."""


@dataclass(frozen=True)
class Judged:
    """The answers to examples whose truth is known.

    Attributes:
        truth: int (examples,), class indices.
        probabilities: float (examples, classes), rows sum to 1.
    """

    truth: NDArray[np.intp]
    probabilities: NDArray[np.float64]

    @property
    def predicted(self) -> NDArray[np.intp]:
        """The best class, int (examples,); the first of equals."""
        found: NDArray[np.intp] = self.probabilities.argmax(axis=1)
        return found

    @property
    def right(self) -> NDArray[np.bool_]:
        """Where the best class is the true one, bool (examples,)."""
        found: NDArray[np.bool_] = self.predicted == self.truth
        return found

    @property
    def score(self) -> NDArray[np.float64]:
        """The best class's probability, float (examples,)."""
        found: NDArray[np.float64] = self.probabilities.max(axis=1)
        return found

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.probabilities.shape[1])


def accuracy(judged: Judged) -> Interval:
    """Share of right answers, with Wilson's interval."""
    return wilson(int(judged.right.sum()), len(judged.truth))


def above_chance(judged: Judged) -> Interval:
    """By how much the accuracy exceeds that of always answering the commonest class of these examples."""
    found, commonest = accuracy(judged), float(np.bincount(judged.truth).max() / len(judged.truth))
    return Interval(**{end: share - commonest for end, share in found.model_dump().items()})


def top_k(judged: Judged, k: int) -> Interval:
    """Share of examples whose true class is among the ``k`` best (the first of equals), with Wilson's interval."""
    own = np.take_along_axis(judged.probabilities, judged.truth[:, None], axis=1)
    earlier = np.arange(judged.classes) < judged.truth[:, None]
    better = ((judged.probabilities > own) | (earlier & (judged.probabilities == own))).sum(axis=1)
    return wilson(int((better < k).sum()), len(judged.truth))


def confusion(judged: Judged) -> NDArray[np.int64]:
    """Counts ``int64 (truth, predicted)``."""
    counts = np.zeros((judged.classes, judged.classes), np.int64)
    np.add.at(counts, (judged.truth, judged.predicted), 1)
    return counts


def by_class(judged: Judged) -> list[dict[str, Interval]]:
    """``precision``, ``recall`` and ``f1`` of each class.

    Precision and recall have Wilson's interval. F1 is 2J / (1 + J) of J = TP / (TP + FP + FN), a proportion whose
    Wilson interval is carried over. A class that is never predicted has precision 0 between 0 and 1.
    """
    counts = confusion(judged)
    found = []
    for hits, predicted, support in zip(counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1), strict=True):
        overlap = wilson(int(hits), int(predicted + support - hits))
        f1 = {end: 2 * share / (1 + share) for end, share in overlap.model_dump().items()}
        found.append({
            "precision": wilson(int(hits), int(predicted)),
            "recall": wilson(int(hits), int(support)),
            "f1": Interval(**f1),
        })  # fmt: skip
    return found


def averages(judged: Judged, seed: int) -> dict[str, Interval]:
    """``precision``, ``recall`` and ``f1`` averaged over the classes (macro), ``log_loss``, ``brier``,
    ``calibration_error``, each with a bootstrap interval.

    Precision and F1 of a class that is neither there nor predicted are left out of the average. The calibration error
    is that of Guo et al. 2017 (On calibration of modern neural networks): `BINS` bins of the best class's probability.
    A macro value on which resampling shows no spread (no mistake, or one class predicted for all) gets the distances
    of Wilson's bounds from the accuracy.
    """
    examples, classes = len(judged.truth), judged.classes
    one_hot = np.eye(classes)
    truth, predicted = one_hot[judged.truth], one_hot[judged.predicted]
    own = np.clip(judged.probabilities[np.arange(examples), judged.truth], SMALLEST, 1.0)
    bins = np.eye(BINS)[np.minimum((judged.score * BINS).astype(int), BINS - 1)]
    gaps = bins * (judged.score - judged.right)[:, None]
    brier = ((judged.probabilities - truth) ** 2).sum(axis=1)
    features = np.column_stack([truth * predicted, truth, predicted, gaps, -np.log(own), brier])

    def statistic(means: NDArray[np.float64]) -> NDArray[np.float64]:
        hits, support, chosen, apart, rest = np.split(means, np.cumsum([classes, classes, classes, BINS]), axis=-1)
        macro = [_mean_share(hits, chosen), _mean_share(hits, support), _mean_share(2 * hits, support + chosen)]
        return np.stack([*macro, rest[..., 0], rest[..., 1], np.abs(apart).sum(axis=-1)], axis=-1)

    names = ("precision", "recall", "f1", "log_loss", "brier", "calibration_error")
    found = dict(zip(names, bootstrap(features, statistic, seed), strict=True))
    sure = accuracy(judged)
    return found | {name: _spread(found[name], sure) for name in names[:3]}


def _spread(interval: Interval, share: Interval) -> Interval:
    """``interval``, or where it has no width, its value with ``share``'s distances to its ends."""
    if interval.high - interval.low > 1e-9:
        return interval
    low, high = interval.value - (share.value - share.low), interval.value + (share.high - share.value)
    return Interval(value=interval.value, low=max(0.0, low), high=min(1.0, high))


def _mean_share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis of ``part / whole`` where ``whole`` is not 0."""
    there = whole > 1e-12
    shares = np.divide(part, whole, out=np.zeros_like(part), where=there)
    found: NDArray[np.float64] = shares.sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)
    return found


def severity(judged: Judged, distance: NDArray[np.float64], seed: int) -> dict[str, Interval]:
    """How far off the answers are in the label hierarchy (Bertinetto et al. 2020, Making better mistakes).

    ``hierarchical_distance`` is the mean over all examples, ``mistake_severity`` over the mistakes alone (left out
    where there is none).

    Args:
        judged: the answers.
        distance: (classes, classes), 0 on the diagonal.
        seed: of the bootstrap.
    """
    off = distance[judged.truth, judged.predicted]
    wrong = (~judged.right).astype(np.float64)
    if not wrong.any():
        worst = float(distance.max()) * (1 - wilson(len(off), len(off)).low)
        return {"hierarchical_distance": Interval(value=0.0, low=0.0, high=worst)}

    def statistic(means: NDArray[np.float64]) -> NDArray[np.float64]:
        total, share = means[..., 0], means[..., 1]
        mean = total.sum() / share.sum() if share.sum() else 0.0
        per_mistake = np.divide(total, share, out=np.full_like(total, mean), where=share > 0)
        return np.stack([total, per_mistake], axis=-1)

    over_all, over_mistakes = bootstrap(np.column_stack([off, wrong]), statistic, seed)
    return {"hierarchical_distance": over_all, "mistake_severity": over_mistakes}
