"""Simulated answers of two models to the same test split, as the tables that runs keep.

Some examples are hard for both models, so that their answers go together as those of real ones do. ``shift`` moves
the challenger's chance of a right answer: one number for all classes, or one a class.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas

    from pipelines.metrics.objects.scenes import Regions

LABELS = tuple("abcdefgh")
SIDE = 300
Floats = NDArray[np.float64]
Tables = tuple["pandas.DataFrame", "pandas.DataFrame"]


class Simulated(Protocol):
    """A kind's pairs of tables."""

    def __call__(self, generator: np.random.Generator, examples: int, shift: Sequence[float]) -> Tables:
        """The challenger's table and the champion's."""


def _chances(generator: np.random.Generator, classes: NDArray[np.intp], shift: Sequence[float], mean: float) -> Floats:
    """Of a right answer (2, things): the challenger's, which is the champion's shifted, and the champion's.

    Half of the things are easy: always right where nothing is shifted.
    """
    hard = generator.beta(3 * mean, 3 * (1 - mean), len(classes))
    both = np.where(generator.random(len(classes)) < 0.5, 1.0, hard)
    moved: Floats = np.stack([both + np.asarray(shift)[classes], both]).clip(0, 1)
    return moved


def _classes(generator: np.random.Generator, count: int) -> NDArray[np.intp]:
    return generator.permutation(np.arange(count) % len(LABELS))


def expected(shift: Sequence[float], examples: int = 200_000) -> tuple[float, float]:
    """Of right and wrong: the difference that is to be expected, and the standard deviation of one example's part."""
    generator = np.random.default_rng(5)
    new, old = _chances(generator, _classes(generator, examples), shift, mean=0.8)
    gap = float((new - old).mean())
    return gap, float((new * (1 - old) + old * (1 - new)).mean() - gap**2) ** 0.5


def classification(generator: np.random.Generator, examples: int, shift: Sequence[float]) -> Tables:
    """Right and wrong."""
    import pandas

    classes = _classes(generator, examples)
    found = []
    for chance in _chances(generator, classes, shift, mean=0.8):
        answers = np.where(generator.random(examples) < chance, classes, (classes + 1) % len(LABELS))
        head = {
            "path": [f"test/{at}.png" for at in range(examples)], "digest": [f"{at:064d}" for at in range(examples)],
            "label": np.array(LABELS)[classes], "predicted": np.array(LABELS)[answers], "score": np.full(examples, 0.9),
        }  # fmt: skip
        shares = np.where(np.arange(len(LABELS)) == answers[:, None], 0.9, 0.1 / (len(LABELS) - 1))
        found.append(pandas.DataFrame(head | {f"p_{label}": shares[:, at] for at, label in enumerate(LABELS)}))
    return found[0], found[1]


def detection(generator: np.random.Generator, examples: int, shift: Sequence[float]) -> Tables:
    """Three objects an image, found or missed, and answers where there is nothing."""
    from pipelines.metrics.objects.scenes import Scene, table

    classes = _classes(generator, 3 * examples).reshape(examples, 3)
    chances = _chances(generator, classes.ravel(), shift, mean=0.7).reshape(2, examples, 3)
    corners = np.array([[10.0, 10.0], [110.0, 10.0], [10.0, 110.0], [110.0, 110.0]])
    boxes = np.concatenate([corners, corners + generator.uniform(20, 90, (4, 2))], axis=1)
    found = []
    for chance in chances:
        scenes = []
        for at in range(examples):
            hit, invented = generator.random(3) < chance[at], generator.random(1) < 0.3
            kept, labels = np.append(hit, invented), np.append(classes[at], generator.integers(0, len(LABELS)))
            scores = np.append(generator.beta(5, 2, 3), generator.beta(2, 4))
            truth = _regions(boxes[:3], classes[at], np.ones(3))
            answer = _regions(boxes[kept], labels[kept], scores[kept])
            scenes.append(Scene(f"test/{at}.png", f"{at:064d}", SIDE, SIDE, truth, answer))
        found.append(table(scenes, LABELS))
    return found[0], found[1]


def _regions(boxes: Floats, classes: NDArray[np.intp], scores: Floats) -> "Regions":
    from pipelines.metrics.objects.scenes import Regions
    from tatara.core.boxes import areas

    return Regions(boxes, classes, areas(boxes), np.zeros(len(boxes), bool), scores, (None,) * len(boxes))


def segmentation(generator: np.random.Generator, examples: int, shift: Sequence[float]) -> Tables:
    """Three classes an image, of each of which a share of the pixels is right."""
    import pandas

    classes = np.stack([generator.permutation(len(LABELS))[:3] for _ in range(examples)])
    pixels = generator.integers(500, 5000, (examples, 3))
    hard = np.repeat(generator.beta(8, 2, (1, examples, 3)), 2, axis=0)
    hard[0] += np.asarray(shift)[classes]
    found = []
    for chance in hard:
        spread = generator.normal(0, 0.04, (examples, 3))
        hits = np.rint(pixels * (chance + spread).clip(0, 1)).astype(int)
        rows = []
        for at in range(examples):
            for own, right, whole in zip(classes[at], hits[at], pixels[at], strict=True):
                head = (f"test/{at}.png", f"{at:064d}", SIDE, SIDE, LABELS[own])
                rows += [(*head, LABELS[own], int(right)), (*head, LABELS[(own + 1) % 8], int(whole - right))]
        columns = ["path", "digest", "width", "height", "truth", "predicted", "pixels"]
        found.append(pandas.DataFrame([row for row in rows if row[-1]], columns=columns))
    return found[0], found[1]


KINDS: dict[str, Simulated] = {
    "classification": classification,
    "detection": detection,
    "segmentation": segmentation,
}
