"""Answers of one detector, or of two to the same images, from the tables that runs keep."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.judged import Judged, Part
from pipelines.metrics.objects import precision
from pipelines.metrics.objects.matching import AREAS, Outcomes, coco_outcomes
from pipelines.metrics.objects.scenes import Scene, scenes
from tatara.core.statistics import Weighted

if TYPE_CHECKING:
    import pandas

Floats = NDArray[np.float64]
SIZES = tuple(name for name in AREAS if name != "all")


def judged(
    new: "pandas.DataFrame", old: "pandas.DataFrame | None", labels: Sequence[str], by_mask: bool
) -> tuple[Judged, Judged | None]:
    """The challenger's and the champion's answers to the images (digests) in both tables, in order of digest.

    Metrics: ``ap50`` and ``ap``, of masks ``mask_ap50`` and ``mask_ap``. Parts: every class, and COCO's ranges of an
    object's area.

    Args:
        new, old: as `pipelines.metrics.objects.scenes.table` makes them; the marked objects are those of ``new``. No
            ``old``, no champion.
        labels: of the challenger.
        by_mask: judge masks, else boxes.
    """
    if old is not None:
        new = new[new["digest"].isin(old["digest"])]
        old = old[old["digest"].isin(new["digest"])]
    every = [*labels, *sorted({label for frame in (new, old) if frame is not None for label in frame["label"]}
                              - {*labels, ""})]  # fmt: skip
    challenger = scenes(new, every)
    if old is None:
        return _one(challenger, every, by_mask), None
    champion = [replace(mine, answer=other.answer) for mine, other in zip(challenger, scenes(old, every), strict=True)]
    return _one(challenger, every, by_mask), _one(champion, every, by_mask)


def _one(images: Sequence[Scene], labels: Sequence[str], by_mask: bool) -> Judged:
    outcomes = coco_outcomes(images, labels, by_mask, areas=list(AREAS))
    whole, prefix = outcomes["all"], "mask_" if by_mask else ""
    marked = np.stack([one.marked for one in whole], axis=1)
    qualities = [_quality([one], len(images)) for one in whole]
    parts = {
        ("label", label): Part(_ap50([one]), one.marked > 0, int(one.marked.sum()), quality)
        for label, one, quality in zip(labels, whole, qualities, strict=True)
    }
    for size in SIZES:
        own = outcomes[size]
        shown = np.sum([one.marked for one in own], axis=0)
        parts["object size", size] = Part(_ap50(own), shown > 0, int(shown.sum()), _quality(own, len(images)))
    return Judged(
        [one.path for one in images], [one.digest for one in images],
        {f"{prefix}ap50": _ap50(whole), f"{prefix}ap": _ap(whole)},
        parts, marked.sum(axis=1), _quality(whole, len(images)),
    )  # fmt: skip


def _ap50(outcomes: Sequence[Outcomes]) -> Weighted:
    first = [replace(one, hit=one.hit[:1], ignored=one.ignored[:1]) for one in outcomes]
    return lambda weights: precision.averaged(precision.by_class(first, weights))[:, None]


def _ap(outcomes: Sequence[Outcomes]) -> Weighted:
    return lambda weights: precision.averaged(precision.by_class(outcomes, weights))[:, None]


def _quality(outcomes: Sequence[Outcomes], images: int) -> Floats:
    """Scores of right answers less those of wrong ones, by marked object (images,): confident answers weigh more."""
    total, marked = np.zeros(images), np.zeros(images)
    for one in outcomes:
        signs = np.where(one.ignored[0], 0.0, np.where(one.hit[0], 1.0, -1.0))
        total += np.bincount(one.image, one.score * signs, minlength=images)
        marked += one.marked
    found: Floats = total / np.maximum(marked, 1)
    return found
