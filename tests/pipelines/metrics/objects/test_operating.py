"""Where to cut the score, what is confused there, and which images are worst, by hand."""

import numpy as np

from pipelines.metrics.objects.errors import breakdown
from pipelines.metrics.objects.matching import coco_outcomes
from pipelines.metrics.objects.operating import Operating, confusion, operating, tally
from pipelines.metrics.objects.summary import marked
from tests.pipelines.metrics.objects.made import LABELS, regions, scene

A, B, C = [0.0, 0.0, 20.0, 20.0], [50.0, 50.0, 90.0, 90.0], [100.0, 100.0, 130.0, 130.0]
AWAY, FAR = [200.0, 200.0, 220.0, 220.0], [250.0, 250.0, 280.0, 280.0]
FIRST = scene(regions([A, B, C], [0, 1, 2]), regions([A, B, AWAY, FAR], [0, 0, 2, 2], [0.9, 0.8, 0.7, 0.2]), 0)
SECOND = scene(regions([A], [1]), regions([A], [1], [0.6]), 1)
EMPTY = scene(regions([], []), regions([], []), 2)
SCENES = [FIRST, SECOND, EMPTY]


def test_the_best_cut() -> None:
    outcomes = coco_outcomes(SCENES, LABELS, by_mask=False)["all"]
    found, _ = breakdown(SCENES, outcomes, by_mask=False)
    at = operating(found, marked(outcomes))
    # Right at 0.9 and 0.6 of four marked: F1 is 2/5 after one answer, 2*2/(4+4) after four.
    assert at == Operating(score=0.6, precision=0.5, recall=0.5, f1=0.5)
    seen = tally(SCENES, found, at.score)
    assert [seen.right.tolist(), seen.wrong.tolist(), seen.missed.tolist()] == [[1, 1, 0], [2, 0, 0], [2, 0, 0]]
    assert seen.f1.tolist() == [2 / 6, 1.0, 1.0]


def test_nothing_right_has_no_cut() -> None:
    scenes = [scene(regions([A], [0]), regions([AWAY], [0], [0.9]))]
    outcomes = coco_outcomes(scenes, LABELS, by_mask=False)["all"]
    found, _ = breakdown(scenes, outcomes, by_mask=False)
    assert operating(found, 1) == Operating(score=0.0, precision=0.0, recall=0.0, f1=0.0)


def test_answers_of_one_score_are_cut_together() -> None:
    scenes = [scene(regions([A, B], [0, 0]), regions([A, AWAY, FAR, B], [0, 0, 0, 0], [0.9, 0.5, 0.5, 0.5]))]
    outcomes = coco_outcomes(scenes, LABELS, by_mask=False)["all"]
    found, _ = breakdown(scenes, outcomes, by_mask=False)
    assert operating(found, 2) == Operating(score=0.9, precision=1.0, recall=0.5, f1=2 / 3)


def test_confusion_has_the_background_last() -> None:
    expected = np.zeros((4, 4), int)
    expected[0, 0] = expected[1, 0] = expected[1, 1] = 1
    expected[2, 3] = expected[3, 2] = 1
    assert (confusion(SCENES, 3, by_mask=False, score=0.5) == expected).all()


def test_confusion_leaves_out_what_lies_in_a_crowd() -> None:
    one = scene(regions([A, B], [0, 0], crowd=[1]), regions([[60, 60, 80, 80], A], [0, 0], [0.9, 0.9]))
    counts = confusion([one], 3, by_mask=False, score=0.5)
    assert counts[0, 0] == counts.sum() == 1
