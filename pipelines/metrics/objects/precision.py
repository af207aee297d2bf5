"""Average precision from outcomes, for many weightings of the images at once: with weights of 1 it is the metric, with
the counts of a resample the metric of that resample."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.objects.matching import Outcomes

Floats = NDArray[np.float64]
COCO_POINTS = np.linspace(0.0, 1.0, 101)
"""Recalls at which COCO reads the precision."""
VOC07_POINTS = np.arange(11) / 10
_BLOCK = 2**22


def average_precision(outcomes: Outcomes, weights: Floats, points: Floats | None) -> Floats:
    """Average precision, float64 (weightings, thresholds); NaN where a weighting has no marked object.

    The precision at a recall is the best one at that recall or a higher one.

    Args:
        outcomes: of one class.
        weights: how often each image counts (weightings, scenes).
        points: recalls at which the precision is read and averaged; None integrates over all (VOC from 2010 on).
    """
    counted = np.logical_not(outcomes.ignored.all(axis=0))
    columns = max(1, _BLOCK // max(1, int(counted.sum())))
    starts = range(0, len(weights), columns)
    return np.concatenate([_block(outcomes, counted, weights[start : start + columns].T, points) for start in starts])


def _block(outcomes: Outcomes, counted: NDArray[np.bool_], weights: Floats, points: Floats | None) -> Floats:
    """As above, of ``weights`` (scenes, weightings): images down, so that sums run along whole rows of memory."""
    marked = outcomes.marked @ weights
    drawn = weights[outcomes.image[counted]]
    total = np.cumsum(drawn, axis=0)
    found = np.zeros((weights.shape[1], len(outcomes.hit)))
    for at, (hit, ignored) in enumerate(zip(outcomes.hit[:, counted], outcomes.ignored[:, counted], strict=True)):
        hits, left_out = np.flatnonzero(hit), np.flatnonzero(ignored)
        sums = np.cumsum(drawn[left_out], axis=0)
        sums = np.concatenate([np.zeros((1, weights.shape[1])), sums])
        seen = total[hits] - sums[np.searchsorted(left_out, hits)]
        found[:, at] = _area(np.cumsum(drawn[hits], axis=0), seen, marked, points)
    found[marked == 0] = np.nan
    return found


def _area(hits: Floats, seen: Floats, marked: Floats, points: Floats | None) -> Floats:
    """Area under the curve (weightings,): at each hit, hits so far and found so far; precision peaks at hits alone."""
    precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
    best = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    recall = np.divide(hits, marked, out=np.zeros_like(hits), where=marked > 0)
    if points is not None:
        recall = np.searchsorted(points, recall, side="right") / len(points)
    found: Floats = (np.diff(recall, axis=0, prepend=0.0) * best).sum(axis=0)
    return found


def precision_at(outcomes: Outcomes, threshold: int) -> Floats:
    """The best precision from each of `COCO_POINTS` of recall on (101,), at the threshold of that position."""
    hit = outcomes.hit[threshold][~outcomes.ignored[threshold]]
    hits = np.cumsum(hit)
    recall, precision = hits / max(int(outcomes.marked.sum()), 1), hits / np.arange(1, len(hits) + 1)
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    found: Floats = best[np.searchsorted(recall, COCO_POINTS)]
    return found


def recalls(outcomes: Outcomes, weights: Floats) -> Floats:
    """The share of the marked objects that is found, float64 (weightings, thresholds); NaN without marked ones."""
    own = np.stack([np.bincount(outcomes.image[hit], minlength=weights.shape[1]) for hit in outcomes.hit])
    marked = weights @ outcomes.marked
    found = np.full((len(weights), len(own)), np.nan)
    np.divide(weights @ own.T, marked[:, None], out=found, where=marked[:, None] > 0)
    return found


def by_class(outcomes: Sequence[Outcomes], weights: Floats, points: Floats | None = COCO_POINTS) -> Floats:
    """`average_precision` of every class (weightings, classes, thresholds)."""
    return np.stack([average_precision(one, weights, points) for one in outcomes], axis=1)


def averaged(values: Floats) -> Floats:
    """The mean over the last axes of (weightings, ...), leaving out NaN; NaN where there is nothing else."""
    flat = values.reshape(len(values), -1)
    there = ~np.isnan(flat)
    found = np.full(len(flat), np.nan)
    np.divide(np.where(there, flat, 0.0).sum(axis=1), there.sum(axis=1), out=found, where=there.any(axis=1))
    return found


def coco_summary(outcomes: Mapping[str, Sequence[Outcomes]], weights: Floats) -> dict[str, Floats]:
    """COCO's figures by name, each (weightings,), from outcomes by area at COCO's thresholds.

    ``ap``, ``ap50``, ``ap75``, ``ap_small``, ``ap_medium``, ``ap_large``, and ``ar``, the mean recall with at most 100
    found objects of a class in an image.
    """
    whole = by_class(outcomes["all"], weights)
    found = {"ap": averaged(whole), "ap50": averaged(whole[..., 0]), "ap75": averaged(whole[..., 5])}
    for area in [name for name in outcomes if name != "all"]:
        found[f"ap_{area}"] = averaged(by_class(outcomes[area], weights))
    found["ar"] = averaged(np.stack([recalls(one, weights) for one in outcomes["all"]], axis=1))
    return found


def mean_average_precision(outcomes: Sequence[Outcomes], weights: Floats, points: Floats | None) -> Floats:
    """Mean over classes (weightings,) of the average precision at the outcomes' first threshold."""
    return averaged(by_class(outcomes, weights, points)[..., 0])
