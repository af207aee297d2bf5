"""Metrics of a class for every pixel, from counts of pixels by image."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tatara.core.statistics import Interval, bootstrap, paired_metrics_apart, wilson

Counts = NDArray[np.int64]
Means = NDArray[np.float64]
BINS = 15
"""Of confidence, of equal width, in the calibration error."""


def confusion(truth: NDArray[np.uint8], answer: NDArray[np.uint8], classes: int) -> Counts:
    """Pixels by class in the truth and in the answer, int64 (classes, classes).

    A truth that is no class, as 255 is, does not count.
    """
    counted = truth < classes
    pairs = truth[counted].astype(np.intp) * classes + answer[counted]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def calibration(right: NDArray[np.bool_], confidence: NDArray[np.floating]) -> NDArray[np.float64]:
    """Pixels, right pixels and sum of confidence by bin of confidence, float64 (bins, 3)."""
    bins = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    columns = [np.bincount(bins, weights, minlength=BINS) for weights in (None, right, confidence)]
    return np.stack(columns, axis=1).astype(np.float64)


def figures(counts: Counts, calibrations: NDArray[np.float64], seed: int) -> dict[str, Interval]:
    """``miou``, ``pixel_accuracy``, ``mean_accuracy`` and ``calibration_error``, with BCa intervals over the images.

    ``miou`` is the mean of TP / (TP + FP + FN) over the classes that are in the truth or in the answers,
    ``mean_accuracy`` of TP / (TP + FN) over those in the truth; the counts are those of all images. The calibration
    error is that of Guo et al. 2017 over pixels. Where resampling shows no spread, the interval is Wilson's with as
    many trials as there are images times classes in them.

    Args:
        counts: (images, classes, classes), see `confusion`.
        calibrations: (images, bins, 3), see `calibration`.
        seed: of the bootstrap.
    """
    features, classes = _features(counts), counts.shape[1]
    apart = calibrations[..., 2] - calibrations[..., 1]
    total = max(float(counts.sum()), 1.0)

    def statistic(means: Means) -> Means:
        hits, marked, found, gaps = np.split(means, [classes, 2 * classes, 3 * classes], axis=-1)
        pixels = np.maximum(marked.sum(axis=-1), 1e-12)
        values = (
            _mean_share(hits, marked + found - hits), hits.sum(axis=-1) / pixels, _mean_share(hits, marked),
            np.abs(gaps).sum(axis=-1) / pixels,
        )  # fmt: skip
        return np.stack(values, axis=-1)

    names = ("miou", "pixel_accuracy", "mean_accuracy", "calibration_error")
    found = bootstrap(np.concatenate([features, apart], axis=1) / total, statistic, seed)
    return {name: _with_width(one, trials(counts)) for name, one in zip(names, found, strict=True)}


def by_class(counts: Counts, seed: int) -> list[dict[str, Interval]]:
    """``iou`` and ``accuracy`` (the share of its pixels that are found) of each class, over all images.

    Empty for a class that is neither in the truth nor in the answers; without ``accuracy`` where it is not in the
    truth.
    """
    found: list[dict[str, Interval]] = []
    for label in range(counts.shape[1]):
        hits, marked, answered = (_features(counts)[:, part * counts.shape[1] + label] for part in range(3))
        whole = {"iou": marked + answered - hits, "accuracy": marked}
        there = {name: of for name, of in whole.items() if of.sum() > 0}
        found.append({name: _share(hits, of, seed, int((marked > 0).sum())) for name, of in there.items()})
    return found


def miou(counts: Counts, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean IoU of weighted images (weightings,); NaN where no class is there.

    Args:
        counts: (images, classes, classes).
        weights: how often each image counts (weightings, images).
    """
    hits, marked, found = np.split(weights @ _features(counts), 3, axis=-1)
    union = marked + found - hits
    return np.where((union > 0).any(axis=-1), _mean_share(hits, union), np.nan)


def above_chance(counts: Counts, seed: int) -> Interval:
    """By how much ``miou`` exceeds that of the one class whose answer for every pixel has the most of it."""
    marked = counts.sum(axis=2)
    constant = np.zeros_like(counts)
    commonest = int(marked.sum(axis=0).argmax())
    constant[:, :, commonest] = marked
    own, blind = (partial(_column, side) for side in (counts, constant))
    return paired_metrics_apart(own, blind, len(counts), trials(counts), seed)


def _column(counts: Counts, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return miou(counts, weights)[:, None]


def trials(counts: Counts) -> int:
    """Images times the classes in the truth of each: decisions that the images hold, as pixels are no single ones."""
    return int((counts.sum(axis=2) > 0).sum())


def _features(counts: Counts) -> NDArray[np.float64]:
    """Pixels right, in the truth and in the answer by class, float64 (images, 3 * classes)."""
    parts: Sequence[Counts] = (np.diagonal(counts, axis1=1, axis2=2), counts.sum(axis=2), counts.sum(axis=1))
    return np.concatenate(parts, axis=1).astype(np.float64)


def _mean_share(part: Means, whole: Means) -> Means:
    """Mean over the last axis of ``part / whole`` where ``whole`` is not 0."""
    there = whole > 0
    shares = np.divide(part, whole, out=np.zeros_like(part), where=there)
    found: Means = shares.sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)
    return found


def _share(part: Means, whole: Means, seed: int, decisions: int) -> Interval:
    """``part / whole`` of all images; a resample without the class is taken to have the share of all."""
    value = part.sum() / whole.sum()

    def statistic(means: Means) -> Means:
        own, all_ = means[..., :1], means[..., 1:]
        return np.divide(own, all_, out=np.full_like(own, value), where=all_ > 0)

    features = np.stack([part, whole], axis=1) / whole.sum()
    return _with_width(bootstrap(features, statistic, seed)[0], decisions)


def _with_width(interval: Interval, decisions: int) -> Interval:
    if interval.high - interval.low > 1e-9:
        return interval
    return wilson(interval.value * decisions, decisions)
