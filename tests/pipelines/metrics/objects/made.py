"""Scenes made for tests: by hand, or at random with every kind of mistake."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.objects.scenes import Regions, Scene
from tatara.core import boxes as geometry
from tatara.core import masks

SIDE = 300
LABELS = ("cat", "dog", "owl")


def regions(
    boxes: Sequence[Sequence[float]], classes: Sequence[int], scores: Sequence[float] | None = None,
    crowd: Sequence[int] = (),
) -> Regions:  # fmt: skip
    """Boxes without masks; ``crowd`` are positions."""
    edges = np.array(boxes, np.float64).reshape(-1, 4)
    return Regions(
        edges, np.array(classes, np.intp), geometry.areas(edges), np.isin(np.arange(len(edges)), list(crowd)),
        np.array([1.0] * len(edges) if scores is None else scores), (None,) * len(edges),
    )  # fmt: skip


def scene(truth: Regions, answer: Regions, number: int = 0, side: int = SIDE) -> Scene:
    return Scene(f"test/{number}.png", f"{number:064d}", side, side, truth, answer)


def random_scenes(count: int, seed: int, noise: float = 3.0) -> list[Scene]:
    """Scenes whose answers miss, invent, double, shift and confuse objects; some objects are crowds."""
    generator = np.random.default_rng(seed)
    return [_random_scene(generator, number, noise) for number in range(count)]


def _random_scene(generator: np.random.Generator, number: int, noise: float) -> Scene:
    marked, invented = int(generator.integers(0, 9)), int(generator.integers(0, 6))
    boxes, classes = _boxes(generator, marked), generator.integers(0, len(LABELS), marked)
    found = generator.random(marked) < 0.85
    shifted = boxes[found] + generator.normal(0, noise, (int(found.sum()), 4))
    confused = np.where(generator.random(len(shifted)) < 0.9, classes[found], generator.integers(0, 3, len(shifted)))
    answers = np.concatenate([shifted, _boxes(generator, invented), shifted[:1] + 1]).clip(0, SIDE)
    answers[:, 2:] = np.maximum(answers[:, 2:], answers[:, :2] + 1)
    labels = np.concatenate([confused, generator.integers(0, len(LABELS), invented), confused[:1]])
    scores = generator.beta(4, 2, len(answers))
    crowd = np.flatnonzero(generator.random(marked) < 0.08)
    return scene(
        regions(boxes.tolist(), classes.tolist(), crowd=crowd.tolist()),
        regions(answers.tolist(), labels.tolist(), scores.tolist()), number,
    )  # fmt: skip


def _boxes(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    corners = generator.uniform(0, SIDE * 0.6, (count, 2))
    sides = np.exp(generator.uniform(np.log(8), np.log(220), (count, 2)))
    return np.concatenate([corners, np.minimum(corners + sides, SIDE)], axis=1)


def with_masks(one: Scene) -> Scene:
    """Every object with the ellipse in its box as its mask."""
    return replace(one, truth=_elliptic(one.truth), answer=_elliptic(one.answer))


def _elliptic(part: Regions) -> Regions:
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    drawn = []
    for x_min, y_min, x_max, y_max in part.boxes:
        across, down = (columns - (x_min + x_max) / 2) / (x_max - x_min), (rows - (y_min + y_max) / 2) / (y_max - y_min)
        drawn.append((across**2 + down**2 <= 0.25).astype(np.uint8))
    areas = np.array([mask.sum() for mask in drawn], np.float64)
    return replace(part, masks=tuple(masks.encode(mask) for mask in drawn), areas=areas)
