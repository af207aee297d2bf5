"""Which found objects are which marked ones, by COCO's rules, and as PASCAL VOC has them.

Of COCO's two evaluators, pycocotools is the one that tells what was matched in each image, which the intervals need.
"""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.objects.files import annotations, images
from pipelines.metrics.objects.scenes import Scene
from tatara.core import boxes

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""IoU from which COCO counts a match."""
AREAS = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""Ranges of area in px² of the image."""
DETECTIONS = 100
"""Found objects of a class that count in an image, the best."""


@dataclass(frozen=True)
class Outcomes:
    """What became of the found objects of one class, best score first.

    Attributes:
        image: position of the scene (found,).
        place: position in the scene's answer (found,).
        score: (found,).
        hit: bool (thresholds, found), whether it matches a marked object that no better one matches.
        ignored: bool (thresholds, found), counts neither for nor against.
        partner: position in the scene's truth (thresholds, found), -1 where there is none.
        marked: marked objects that count, by scene (scenes,).
    """

    image: NDArray[np.intp]
    place: NDArray[np.intp]
    score: NDArray[np.float64]
    hit: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    partner: NDArray[np.intp]
    marked: NDArray[np.int64]


def coco_outcomes(
    scenes: Sequence[Scene], labels: Sequence[str], by_mask: bool, thresholds: NDArray[np.float64] = THRESHOLDS,
    areas: Sequence[str] = ("all",),
) -> dict[str, list[Outcomes]]:  # fmt: skip
    """Name of an area range -> outcomes by class, matched by pycocotools.

    Args:
        scenes: the images.
        labels: class names.
        by_mask: compare masks, else boxes.
        thresholds: of IoU.
        areas: names in `AREAS`.
    """
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        judge = COCOeval(
            *(_loaded(scenes, labels, what, by_mask) for what in ("truth", "answer")), "segm" if by_mask else "bbox"
        )
        judge.params.iouThrs = thresholds
        judge.params.areaRng, judge.params.areaRngLbl = [list(AREAS[name]) for name in areas], list(areas)
        judge.params.maxDets = [DETECTIONS]
        judge.evaluate()
    marked, answers = _places(scenes, "truth"), _places(scenes, "answer")
    grid = np.empty(len(labels) * len(areas) * len(scenes), object)
    grid[:] = judge.evalImgs
    found = grid.reshape(len(labels), len(areas), len(scenes))
    return {
        name: [_gathered(list(found[label, area]), marked, answers, len(thresholds)) for label in range(len(labels))]
        for area, name in enumerate(areas)
    }


def _loaded(scenes: Sequence[Scene], labels: Sequence[str], what: str, by_mask: bool) -> Any:
    from pycocotools.coco import COCO

    loaded = COCO()
    loaded.dataset = {
        "images": images(scenes),
        "categories": [{"id": position, "name": label} for position, label in enumerate(labels, 1)],
        "annotations": annotations(scenes, what, by_mask),
    }
    loaded.createIndex()
    return loaded


def _places(scenes: Sequence[Scene], what: str) -> NDArray[np.intp]:
    """Position within its scene of each object, by COCO's running id; of id 0, which means none, -1."""
    own = [np.arange(len(getattr(one, what))) for one in scenes]
    return np.concatenate([np.array([-1]), *own]).astype(np.intp)


def _gathered(
    found: list[dict[str, Any] | None], marked_places: NDArray[np.intp], places: NDArray[np.intp], thresholds: int
) -> Outcomes:
    there = [(position, one) for position, one in enumerate(found) if one is not None]
    image = np.concatenate([np.full(len(one["dtIds"]), position) for position, one in there] or [np.empty(0)])
    score = np.concatenate([one["dtScores"] for _, one in there] or [np.empty(0)]).astype(np.float64)
    order = np.argsort(-score, kind="stable")
    ids = np.concatenate([one["dtIds"] for _, one in there] or [np.empty(0)]).astype(np.intp)
    match, ignored = (
        np.concatenate([one[name] for _, one in there] or [np.empty((thresholds, 0))], axis=1)[:, order]
        for name in ("dtMatches", "dtIgnore")
    )
    marked = [0 if one is None else int((np.asarray(one["gtIgnore"]) == 0).sum()) for one in found]
    return Outcomes(
        image[order].astype(np.intp), places[ids[order]], score[order], (match > 0) & ~ignored.astype(bool),
        ignored.astype(bool), marked_places[match.astype(np.intp)], np.array(marked, np.int64),
    )  # fmt: skip


def voc_outcomes(scenes: Sequence[Scene], labels: Sequence[str], threshold: float = 0.5) -> list[Outcomes]:
    """Outcomes by class as PASCAL VOC's development kit has them, by boxes.

    A found object is held against the marked one that it overlaps most, also where a better one already has it: then
    it is wrong; where that one is "difficult", which are crowds here, it does not count.
    """
    grids = [boxes.iou(one.answer.boxes, one.truth.boxes) for one in scenes]
    return [_voc_class(scenes, grids, label, threshold) for label in range(len(labels))]


def _voc_class(scenes: Sequence[Scene], grids: list[NDArray[np.float64]], label: int, threshold: float) -> Outcomes:
    rows: list[tuple[int, int, float, bool, bool, int]] = []
    for position, (one, grid) in enumerate(zip(scenes, grids, strict=True)):
        marked, places = (np.flatnonzero(side.classes == label) for side in (one.truth, one.answer))
        taken: set[int] = set()
        for place in places[np.argsort(-one.answer.scores[places], kind="stable")]:
            near = grid[place, marked]
            best = int(marked[near.argmax()]) if len(near) and near.max() >= threshold else -1
            ignored = best >= 0 and bool(one.truth.crowd[best])
            hit = best >= 0 and not ignored and best not in taken
            rows.append((position, int(place), float(one.answer.scores[place]), hit, ignored, best if hit else -1))
            taken |= {best}
    image, place, score, hits, ignores, partner = zip(*rows, strict=True) if rows else ((),) * 6
    order = np.argsort(-np.array(score, np.float64), kind="stable")
    marked_by_scene = [int(((one.truth.classes == label) & ~one.truth.crowd).sum()) for one in scenes]
    return Outcomes(
        np.array(image, np.intp)[order], np.array(place, np.intp)[order], np.array(score, np.float64)[order],
        np.array([hits], bool)[:, order], np.array([ignores], bool)[:, order], np.array([partner], np.intp)[:, order],
        np.array(marked_by_scene, np.int64),
    )  # fmt: skip
