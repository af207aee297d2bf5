"""The figures of a detector with their bootstrap intervals over the images."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.objects import precision
from pipelines.metrics.objects.matching import AREAS, THRESHOLDS, Outcomes, coco_outcomes, voc_outcomes
from pipelines.metrics.objects.scenes import Scene
from tatara.core.statistics import Interval, proportions_apart, resampled

Floats = NDArray[np.float64]


def measure(
    test: Sequence[Scene], train: Sequence[Scene], labels: Sequence[str], seed: int, by_mask: bool
) -> dict[str, Interval]:
    """Every figure by name; what is undefined here, as ``ap_large`` without large objects, is left out.

    COCO's ``ap``, ``ap50``, ``ap75``, ``ap_small``, ``ap_medium``, ``ap_large`` and ``ar``; PASCAL VOC's ``voc07_map``
    (11 points) and ``voc12_map``; with masks, COCO's again for masks as ``mask_ap`` and so on; ``train_ap50`` (of
    masks ``train_mask_ap50``) on a sample of the training split, and ``gap``, by how much it exceeds the test's.
    """
    found = coco(test, labels, seed, by_mask=False) | voc(test, labels, seed)
    if by_mask:
        found |= {f"mask_{name}": one for name, one in coco(test, labels, seed, by_mask=True).items()}
    primary = "mask_ap50" if by_mask else "ap50"
    seen = _intervals(coco_outcomes(train, labels, by_mask, THRESHOLDS[:1])["all"], ("ap50",), seed)
    if seen and primary in found:
        found[f"train_{primary}"] = seen["ap50"]
        found["gap"] = proportions_apart(seen["ap50"], found[primary])
    return found


def coco(scenes: Sequence[Scene], labels: Sequence[str], seed: int, by_mask: bool) -> dict[str, Interval]:
    """COCO's figures, of boxes or of masks."""
    outcomes = coco_outcomes(scenes, labels, by_mask, areas=list(AREAS))
    found = _intervals(outcomes["all"], ("ap", "ap50", "ap75", "ar"), seed)
    for area in ("small", "medium", "large"):
        found |= {f"ap_{area}": one for one in _intervals(outcomes[area], ("ap",), seed).values()}
    return found


def _intervals(outcomes: Sequence[Outcomes], names: Sequence[str], seed: int) -> dict[str, Interval]:
    def statistic(weights: Floats) -> Floats:
        by_class = precision.by_class(outcomes, weights)
        means = {"ap": by_class, "ap50": by_class[..., 0]}
        if "ap75" in names:
            found = np.stack([precision.recalls(one, weights) for one in outcomes], axis=1)
            means |= {"ap75": by_class[..., 5], "ar": found}
        return np.stack([precision.averaged(means[name]) for name in names], axis=1)

    return _defined(names, resampled(statistic, len(outcomes[0].marked), marked(outcomes), seed))


def voc(scenes: Sequence[Scene], labels: Sequence[str], seed: int) -> dict[str, Interval]:
    """``voc07_map`` and ``voc12_map``."""
    outcomes = voc_outcomes(scenes, labels)

    def statistic(weights: Floats) -> Floats:
        ways = (precision.VOC07_POINTS, None)
        return np.stack([precision.mean_average_precision(outcomes, weights, points) for points in ways], axis=1)

    return _defined(("voc07_map", "voc12_map"), resampled(statistic, len(scenes), marked(outcomes), seed))


def by_class(outcomes: Sequence[Outcomes], seed: int) -> list[dict[str, Interval]]:
    """``ap`` and ``ap50`` of each class, empty for one without marked objects, from outcomes at COCO's thresholds."""
    return [_intervals([one], ("ap", "ap50"), seed) for one in outcomes]


def marked(outcomes: Sequence[Outcomes]) -> int:
    """How many marked objects count."""
    return int(sum(one.marked.sum() for one in outcomes))


def _defined(names: Sequence[str], values: Sequence[Interval | None]) -> dict[str, Interval]:
    return {name: one for name, one in zip(names, values, strict=True) if one is not None}
