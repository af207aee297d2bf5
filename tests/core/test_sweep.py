"""The sweep finds every pair that overlaps, once, and looks at few others."""

import numpy as np
import pytest

from tatara.core import sweep
from tatara.core.boxes import intersections
from tatara.core.sweep import swept


@pytest.mark.parametrize("at_once", [7, 2**19])
@pytest.mark.parametrize("longest", [1, 20, 400])
def test_each_overlapping_pair_of_a_class_is_found_once(
    longest: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "AT_ONCE", at_once)
    generator = np.random.default_rng(longest)
    low = generator.uniform(-20, 420, (300, 2)).round()  # beyond the image too, and on its strips' borders
    boxes = np.concatenate([low, low + generator.uniform(0, longest, (300, 2)).round()], axis=1)
    classes = generator.integers(0, 3, 300)

    found = [
        tuple(sorted(pair)) for some in swept(boxes, classes, (400, 300)).pairs() for pair in np.stack(some, 1).tolist()
    ]

    alike = np.triu((intersections(boxes, boxes) > 0) & (classes[:, None] == classes[None]), 1)
    assert len(set(found)) == len(found)
    assert set(found) >= set(map(tuple, np.argwhere(alike).tolist()))
    assert all(classes[one] == classes[other] for one, other in found)


def test_boxes_far_apart_cost_nothing() -> None:
    corners = np.stack(np.meshgrid(np.arange(0, 1000, 10.0), np.arange(0, 1000, 10.0)), axis=-1).reshape(-1, 2)

    assert swept(np.concatenate([corners, corners + 4], axis=1), np.zeros(10_000, int), (1000, 1000)).cost == 0
    assert swept(np.zeros((0, 4)), np.zeros(0, int), (10, 10)).cost == 0
