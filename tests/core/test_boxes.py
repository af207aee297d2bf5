"""Which boxes of two lists belong together: as every pair says, without looking at every pair."""

import time

import numpy as np
import pytest

from tatara.core.boxes import iou, matched


def plainly_matched(first: np.ndarray, second: np.ndarray, classes: tuple[np.ndarray, np.ndarray]) -> list:
    apart = np.abs(first[:, None] - second[None]).max(axis=2)
    near = ((iou(first, second) >= 0.5) | (apart <= 0.5)) & (classes[0][:, None] == classes[1][None])
    pairs: list[tuple[int, int]] = []
    for row, column in sorted(np.argwhere(near).tolist(), key=lambda pair: apart[pair[0], pair[1]]):
        if all(row != one and column != other for one, other in pairs):
            pairs.append((row, column))
    return pairs


@pytest.mark.parametrize("seed", range(12))
def test_pairs_are_those_of_a_plain_reading(seed: int) -> None:
    """Boxes beyond the image, flat and turned over ones, equal distances, and what is no number among them."""
    generator = np.random.default_rng(seed)
    low = generator.uniform(-10, 60, (50, 2))
    first = np.concatenate([low, low + generator.uniform(-2, 30, (50, 2))], axis=1)
    second = np.concatenate([first[:30] + generator.normal(0, 0.6, (30, 4)), first[40:] + 6])
    if seed % 2:
        first, second = first.round(), second.round()
    first[0, seed % 4] = second[1, 2] = [np.nan, np.inf][seed % 2]
    classes = generator.integers(0, 2, 50), generator.integers(0, 2, 40)

    with np.errstate(invalid="ignore"):
        assert matched(first, classes[0], second, classes[1]) == plainly_matched(first, second, classes)


def test_twenty_thousand_boxes_are_matched_in_little_room() -> None:
    """Every pair at once would take 13 GB."""
    low = np.stack(np.meshgrid(np.arange(0, 12_000, 30.0), np.arange(0, 1500, 30.0)), axis=-1).reshape(-1, 2)
    boxes, classes = np.concatenate([low, low + 20], axis=1), np.zeros(20_000, int)
    began = time.process_time()

    assert sorted(matched(boxes, classes, boxes + 0.1, classes)) == [(i, i) for i in range(20_000)]
    assert time.process_time() - began < 4


def test_of_nothing_there_are_no_pairs() -> None:
    assert matched(np.zeros((0, 4)), np.zeros(0, int), np.zeros((0, 4)), np.zeros(0, int)) == []
    assert matched(np.zeros((0, 4)), np.zeros(0, int), np.ones((1, 4)), np.zeros(1, int)) == []
