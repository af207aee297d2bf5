"""What a detector's mistakes are and what mending each kind would bring, as TIDE has it.

Bolya et al. 2020, TIDE: A General Toolbox for Identifying Object Detection Errors (arXiv 2008.08115).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.objects import precision
from pipelines.metrics.objects.matching import Outcomes
from pipelines.metrics.objects.scenes import Scene, overlaps
from tatara.core.contract import Strict

FOREGROUND, BACKGROUND = 0.5, 0.1
"""IoU from which two objects are the same, and up to which they have nothing to do with each other."""
KINDS = ("class", "localization", "both", "duplicate", "background", "missed")


class Mistakes(Strict):
    """One kind of mistake: how often it was made, and how much AP50 rises when it alone is mended."""

    count: int
    ap50_gain: float


@dataclass(frozen=True)
class Found:
    """Found objects that count, best score first; all arrays (found,).

    Attributes:
        image: position of the scene.
        label: position of the class.
        score: of the model.
        hit: whether it is right.
        error: position in `KINDS`, -1 where it is right.
        target: position in its scene's truth of the marked object that it is, or, for mistakes of class and place, that
            it was meant for; else -1.
        target_label: that object's class, else -1.
        place: position in the scene's answer.
    """

    image: NDArray[np.intp]
    label: NDArray[np.intp]
    score: NDArray[np.float64]
    hit: NDArray[np.bool_]
    error: NDArray[np.intp]
    target: NDArray[np.intp]
    target_label: NDArray[np.intp]
    place: NDArray[np.intp]


def breakdown(
    scenes: Sequence[Scene], outcomes: Sequence[Outcomes], by_mask: bool
) -> tuple[Found, dict[str, Mistakes]]:
    """Every found object with its error, and the mistakes by kind.

    Args:
        scenes: the images.
        outcomes: by class, by COCO's rules, whose first threshold is `FOREGROUND`.
        by_mask: whether overlap is that of masks, else of boxes.
    """
    taken = _taken(scenes, outcomes)
    grids = [overlaps(one, by_mask) for one in scenes]
    found = _classified(scenes, outcomes, grids, taken)
    marked = np.array([one.marked.sum() for one in outcomes])
    missed = _missed(scenes, found, taken, len(outcomes))
    before = _ap50(found, marked)
    gains: dict[str, Mistakes] = {}
    for error, name in enumerate(KINDS[:-1]):
        mended = _mended(found, error, taken)
        gains[name] = Mistakes(count=int((found.error == error).sum()), ap50_gain=_ap50(mended, marked) - before)
    gains["missed"] = Mistakes(count=int(missed.sum()), ap50_gain=_ap50(found, marked - missed) - before)
    return found, gains


def _taken(scenes: Sequence[Scene], outcomes: Sequence[Outcomes]) -> list[NDArray[np.bool_]]:
    """Which marked objects of each scene are found."""
    taken = [np.zeros(len(one.truth), bool) for one in scenes]
    for own in outcomes:
        for image, partner in zip(own.image[own.hit[0]], own.partner[0][own.hit[0]], strict=True):
            taken[image][partner] = True
    return taken


def _classified(
    scenes: Sequence[Scene], outcomes: Sequence[Outcomes], grids: Sequence[NDArray[np.float64]],
    taken: Sequence[NDArray[np.bool_]],
) -> Found:  # fmt: skip
    rows: list[tuple[int, int, float, bool, int, int, int, int]] = []
    for label, own in enumerate(outcomes):
        for at in np.flatnonzero(~own.ignored[0]):
            image, place, hit = int(own.image[at]), int(own.place[at]), bool(own.hit[0, at])
            right = (-1, int(own.partner[0, at]))
            error, target = right if hit else _error(grids[image][place], scenes[image], label, taken[image])
            target_label = -1 if target < 0 else int(scenes[image].truth.classes[target])
            rows.append((image, label, float(own.score[at]), hit, error, target, target_label, place))
    columns = [np.array(column) for column in zip(*rows, strict=True)] if rows else [np.empty(0)] * 8
    order = np.argsort(-columns[2], kind="stable")
    kinds = (np.intp, np.intp, np.float64, bool, np.intp, np.intp, np.intp, np.intp)
    return Found(*(column[order].astype(kind) for column, kind in zip(columns, kinds, strict=True)))


def _error(overlap: NDArray[np.float64], scene: Scene, label: int, taken: NDArray[np.bool_]) -> tuple[int, int]:
    """The kind of one wrong answer, and the marked object that it was meant for (-1 where that is no matter)."""
    counted, same = ~scene.truth.crowd, scene.truth.classes == label
    own, other = np.where(counted & same, overlap, -1.0), np.where(counted & ~same, overlap, -1.0)
    best_own, best_other = float(own.max(initial=-1.0)), float(other.max(initial=-1.0))
    if BACKGROUND <= best_own < FOREGROUND:
        return KINDS.index("localization"), int(own.argmax())
    if best_other >= FOREGROUND:
        return KINDS.index("class"), int(other.argmax())
    if float(np.where(taken, own, -1.0).max(initial=-1.0)) >= FOREGROUND:
        return KINDS.index("duplicate"), -1
    return KINDS.index("background" if max(best_own, best_other) < BACKGROUND else "both"), -1


def _missed(
    scenes: Sequence[Scene], found: Found, taken: Sequence[NDArray[np.bool_]], labels: int
) -> NDArray[np.int64]:
    """By class, marked objects that nothing found and that no mistake of class or place was meant for."""
    meant = [np.zeros(len(one.truth), bool) for one in scenes]
    for image, target in zip(found.image, found.target, strict=True):
        if target >= 0:
            meant[image][target] = True
    left = [
        one.truth.classes[~(one.truth.crowd | took | aimed)]
        for one, took, aimed in zip(scenes, taken, meant, strict=True)
    ]
    return np.bincount(np.concatenate(left), minlength=labels)


def _mended(found: Found, error: int, taken: Sequence[NDArray[np.bool_]]) -> Found:
    """The answers with one kind of mistake put right.

    Of all mistakes of class and place that were meant for one object that is still free, the best becomes right when
    its kind is mended. The others of the kind go, as every other mistake does.
    """
    keep, hit, label = found.error != error, found.hit.copy(), found.label.copy()
    used: set[tuple[int, int]] = set()
    for at in np.flatnonzero(found.target >= 0):
        image, target = int(found.image[at]), int(found.target[at])
        if not taken[image][target] and (image, target) not in used:
            used.add((image, target))
            if found.error[at] == error:
                keep[at], hit[at], label[at] = True, True, found.target_label[at]
    mended = replace(found, hit=hit, label=label)
    return Found(**{name: values[keep] for name, values in vars(mended).items()})


def _ap50(found: Found, marked: NDArray[np.int64]) -> float:
    """AP50 of answers in order of score, all images as one."""
    values = []
    for label in np.flatnonzero(marked):
        hit = found.hit[found.label == label][None]
        zeros = np.zeros(hit.shape[1], np.intp)
        own = Outcomes(zeros, zeros, zeros.astype(float), hit, ~hit & False, zeros[None], marked[label : label + 1])
        values.append(precision.average_precision(own, np.ones((1, 1)), precision.COCO_POINTS)[0, 0])
    return float(np.mean(values)) if values else 0.0
