"""Small pictures with marked objects, and answers to them, for the evaluations of every kind."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.examples import Example
from pipelines.truth import Objects
from tatara.core import masks
from tatara.core.contract import Contract, Finished, ImagePreparation
from tatara.core.files import sha256_file

LABELS = ("cat", "dog")
SIZES = ((64, 48), (40, 56), (50, 50))
"""Width and height."""


def contract(kind: Any, labels: tuple[str, ...] = LABELS, **changes: Any) -> Contract:
    preparation = ImagePreparation(size=32, resize="pad")
    return Contract(
        modality="image", kind=kind, decoder="1", labels=labels, preparation=preparation, outputs={}, **changes
    )


def examples(folder: Path, split: str, count: int) -> list[Example]:
    """Pictures of up to three rectangles with masks; every fourth has none, every fifth a crowd."""
    (folder / split).mkdir(parents=True)
    return [_example(folder, f"{split}/{number:02}.png", number) for number in range(count)]


def _example(folder: Path, path: str, number: int) -> Example:
    (width, height), generator = SIZES[number % 3], np.random.default_rng(number)
    pixels = generator.integers(60, 120, (height, width, 3), dtype=np.uint8)
    boxes = []
    for _ in range(number % 4):
        (left, top), (across, down) = generator.integers(0, 20, 2), generator.integers(8, 20, 2)
        boxes.append([left, top, left + across, top + down])
        pixels[top : top + down, left : left + across] = generator.integers(150, 255, 3)
    Image.fromarray(pixels).save(folder / path)
    edges = np.array(boxes, np.float64).reshape(-1, 4)
    labels = tuple(LABELS[position % 2] for position in range(len(boxes)))
    rle = tuple(masks.encode(_filled(box, width, height)).counts for box in edges)
    crowd = np.arange(len(boxes)) == (0 if number % 5 == 4 else -1)
    return Example(
        path, "", sha256_file(folder / path), folder, height, width, Objects(edges, labels, crowd, rle, width, height)
    )


def _filled(box: NDArray[np.float64], width: int, height: int) -> NDArray[np.uint8]:
    mask, (left, top, right, bottom) = np.zeros((height, width), np.uint8), box.astype(int)
    mask[top:bottom, left:right] = 1
    return mask


def found(example: Example, seed: int = 0) -> Finished:
    """An answer that is mostly right: a quarter of the objects missed, some of another class, one thing invented."""
    marked, generator = example.objects(), np.random.default_rng([seed, int(example.digest[:8], 16)])
    kept = np.flatnonzero(generator.random(len(marked.boxes)) < 0.75)
    boxes = [*marked.boxes[kept], np.array([30.0, 30.0, 38.0, 38.0])]
    classes = [LABELS.index(marked.labels[i]) if generator.random() < 0.9 else 0 for i in kept] + [1]
    scores = np.append(generator.uniform(0.5, 1.0, len(kept)), 0.3)
    order = np.argsort(-scores)
    drawn = [_filled(box, marked.width, marked.height) for box in boxes]
    return {
        "boxes": np.array(boxes, np.float32)[order], "scores": scores.astype(np.float32)[order],
        "classes": np.array(classes, np.int32)[order], "masks": np.stack(drawn)[order],
    }  # fmt: skip
