"""A detector with a score from which its answers count: where that is best, and what it then confuses and misses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.objects.errors import FOREGROUND, Found
from pipelines.metrics.objects.scenes import Scene, overlaps
from tatara.core.contract import Strict

Counts = NDArray[np.int64]


class Operating(Strict):
    """The score at which F1 over all classes is highest, with precision, recall and F1 there."""

    score: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Tally:
    """Answers that are right and wrong, and marked objects that are missed, each (scenes,)."""

    right: Counts
    wrong: Counts
    missed: Counts

    @property
    def f1(self) -> NDArray[np.float64]:
        """Of each scene; 1 where there was nothing to find and nothing was found."""
        total = 2 * self.right + self.wrong + self.missed
        found: NDArray[np.float64] = np.divide(2 * self.right, total, out=np.ones(len(total)), where=total > 0)
        return found


def operating(found: Found, marked: int) -> Operating:
    """The best score to cut at, for as many marked objects; all zeros where nothing is right."""
    if not found.hit.any():
        return Operating(score=0.0, precision=0.0, recall=0.0, f1=0.0)
    hits, seen = np.cumsum(found.hit), np.arange(1, len(found.hit) + 1)
    last = np.append(np.diff(found.score) < 0, True)
    f1 = np.where(last, 2 * hits / (seen + marked), 0.0)
    at = int(f1.argmax())
    return Operating(
        score=float(found.score[at]), precision=float(hits[at] / seen[at]), recall=float(hits[at] / marked),
        f1=float(f1[at]),
    )  # fmt: skip


def tally(scenes: Sequence[Scene], found: Found, score: float) -> Tally:
    """What is right, wrong and missed in each scene, of answers that score as much or better."""
    counted = found.score >= score
    right, wrong = (
        np.bincount(found.image[counted & which], minlength=len(scenes)) for which in (found.hit, ~found.hit)
    )
    marked = np.array([(~one.truth.crowd).sum() for one in scenes], np.int64)
    return Tally(right, wrong, marked - right)


def confusion(scenes: Sequence[Scene], labels: int, by_mask: bool, score: float) -> Counts:
    """Counts (marked as, found as), each with the background last, of answers that score as much or better.

    Marked and found objects pair by falling IoU, from 0.5 on, whatever their classes. What lies half in a crowd and
    pairs with nothing does not count.
    """
    counts = np.zeros((labels + 1, labels + 1), np.int64)
    for one in scenes:
        pairs, answers, marked = _pairs(one, by_mask, score)
        for row, column in pairs:
            counts[one.truth.classes[column], one.answer.classes[row]] += 1
        for row in answers:
            counts[labels, one.answer.classes[row]] += 1
        for column in marked:
            counts[one.truth.classes[column], labels] += 1
    return counts


def _pairs(scene: Scene, by_mask: bool, score: float) -> tuple[list[tuple[int, int]], set[int], set[int]]:
    """Answers and marked objects that belong together, and what is left of both."""
    crowd, counted = scene.truth.crowd, scene.answer.scores >= score
    grid = np.where(counted[:, None], overlaps(scene, by_mask), -1.0)
    in_crowd = (grid[:, crowd] >= FOREGROUND).any(axis=1)
    answers, marked = set(np.flatnonzero(counted).tolist()), set(np.flatnonzero(~crowd).tolist())
    rows, columns = np.nonzero((grid >= FOREGROUND) & ~crowd)
    pairs = []
    for at in np.argsort(-grid[rows, columns], kind="stable"):
        row, column = int(rows[at]), int(columns[at])
        if row in answers and column in marked:
            pairs.append((row, column))
            answers.remove(row)
            marked.remove(column)
    return pairs, answers - set(np.flatnonzero(in_crowd).tolist()), marked
