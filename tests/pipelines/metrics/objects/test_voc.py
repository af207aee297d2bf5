"""PASCAL VOC's mean average precision, by hand."""

import numpy as np
import pytest

from pipelines.metrics.objects import precision
from pipelines.metrics.objects.matching import voc_outcomes
from pipelines.metrics.objects.scenes import Scene
from tests.pipelines.metrics.objects.made import LABELS, random_scenes, regions, scene

A, B, AWAY = [0.0, 0.0, 20.0, 20.0], [50.0, 50.0, 90.0, 90.0], [200.0, 200.0, 220.0, 220.0]


def _map(scenes: list[Scene]) -> tuple[float, float]:
    outcomes, once = voc_outcomes(scenes, LABELS), np.ones((1, len(scenes)))
    ways = (precision.VOC07_POINTS, None)
    first, second = (float(precision.mean_average_precision(outcomes, once, points)[0]) for points in ways)
    return first, second


def test_right_wrong_right() -> None:
    found = _map([scene(regions([A, B], [0, 0]), regions([A, AWAY, B], [0, 0, 0], [0.9, 0.8, 0.7]))])
    assert found == pytest.approx(((6 * 1 + 5 * 2 / 3) / 11, 0.5 * 1 + 0.5 * 2 / 3))


def test_a_recall_that_is_a_tenth_reaches_its_point() -> None:
    """3 of 10 found, all right: precision 1 at 0, 0.1, 0.2 and 0.3, whatever 3 / 10 is in binary."""
    boxes = [[30.0 * i, 0.0, 30.0 * i + 20, 20.0] for i in range(10)]
    found = _map([scene(regions(boxes, [0] * 10), regions(boxes[:3], [0] * 3, [0.9, 0.8, 0.7]))])
    assert found == pytest.approx((4 / 11, 0.3))


def test_the_second_answer_for_an_object_is_wrong_even_where_another_is_free() -> None:
    """VOC holds an answer against the object it overlaps most; COCO would let it have the other one."""
    near = [4.0, 0.0, 24.0, 20.0]
    truth, answers = regions([A, [8.0, 0.0, 28.0, 20.0]], [0, 0]), [A, [1.0, 0.0, 21.0, 20.0], near]
    seven, twelve = _map([scene(truth, regions(answers[:2], [0, 0], [0.9, 0.8]))])
    assert (seven, twelve) == pytest.approx((6 / 11, 0.5))


def test_an_overlap_of_exactly_half_counts() -> None:
    assert _map([scene(regions([A], [0]), regions([[0, 0, 20, 10]], [0], [0.9]))])[1] == 1.0
    assert _map([scene(regions([A], [0]), regions([[0, 0, 20, 9.9]], [0], [0.9]))])[1] == 0.0


def test_difficult_objects_neither_count_nor_cost() -> None:
    truth = regions([A, B], [0, 0], crowd=[1])
    assert _map([scene(truth, regions([B, A], [0, 0], [0.9, 0.8]))]) == (1.0, 1.0)
    assert _map([scene(truth, regions([AWAY, A], [0, 0], [0.9, 0.8]))])[1] == 0.5


def test_equals_a_plain_reading_of_the_development_kit() -> None:
    scenes = random_scenes(30, seed=3)
    assert sum(int(one.truth.crowd.sum()) for one in scenes) > 5
    expected = np.mean([_development_kit(scenes, label) for label in range(len(LABELS))], axis=0)
    assert _map(scenes) == pytest.approx(tuple(expected))


def _development_kit(scenes: list[Scene], label: int) -> tuple[float, float]:
    answers = [
        (score, image, box)
        for image, one in enumerate(scenes)
        for score, box, own in zip(one.answer.scores, one.answer.boxes, one.answer.classes, strict=True)
        if own == label
    ]
    answers.sort(key=lambda answer: -answer[0])
    marked = [one.truth.boxes[one.truth.classes == label] for one in scenes]
    difficult = [one.truth.crowd[one.truth.classes == label] for one in scenes]
    taken, right = [set() for _ in scenes], []
    for _, image, box in answers:
        ious = [_iou(box, other) for other in marked[image]]
        best = int(np.argmax(ious)) if ious else -1
        overlaps = best >= 0 and ious[best] >= 0.5
        if overlaps and difficult[image][best]:
            continue
        right.append(overlaps and best not in taken[image])
        if right[-1]:
            taken[image].add(best)
    hits = np.cumsum(right)
    recall, precisions = hits / sum(int((~one).sum()) for one in difficult), hits / np.arange(1, len(hits) + 1)
    eleven = np.mean([max(precisions[recall >= point], default=0.0) for point in np.arange(11) / 10])
    area = sum((recall[i] - (recall[i - 1] if i else 0.0)) * precisions[i:].max() for i in range(len(hits)))
    return float(eleven), float(area)


def _iou(first: np.ndarray, second: np.ndarray) -> float:
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    shared = float(np.prod(sides.clip(0)))
    return shared / float(np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2]) - shared)
