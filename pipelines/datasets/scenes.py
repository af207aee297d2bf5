"""Make the dataset ``scenes``: scikit-learn's handwritten digits on textured, cluttered backgrounds.

``python -m pipelines.datasets.scenes DIR`` writes the folder; the bytes are the same every time and everywhere: all
arithmetic is on whole numbers, and random ones are raw outputs of PCG64, whose stream NumPy keeps.
A scene of a split is made of digits that the dataset ``digits`` has in the same split.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.dataset import ANNOTATIONS, IMAGES, SPLITS, Description, write_description
from pipelines.datasets.digits import encoded
from pipelines.datasets.stored_png import palette_png
from pipelines.datasets.textures import Draw, Pixels, clutter, paint, texture, turned
from tatara.core.errors import UsageError
from tatara.core.files import canonical_json, whole_directory

SEED = 0
SIDE = 128
COUNTS = {"train": 400, "valid": 60, "test": 100}
DIGITS = (2, 7)
"""Fewest and most digits of a scene."""
SIZES = (16, 64)
"""Smallest and largest side of a digit's square, pixels; its ink is a little smaller."""
VISIBLE = 60
"""Per cent of a digit's pixels that later ones leave to be seen, at least."""
TURN = 22
"""Hundredths: the greatest tangent of half the angle by which a digit is turned, some 25 degrees."""
GRAIN = 9
"""Noise of the luma, either way. One for all channels: more colours than a palette holds help nobody."""
CONTRAST = 100
"""Least difference in one channel between a digit and what it lies on, 0..255."""

DESCRIPTION = Description(
    modality="image",
    kind="instances",
    format="coco",
    classes=tuple(str(digit) for digit in range(10)),
    splits={split: f"{COUNTS[split]} scenes of the digits of that split, seed {SEED}" for split in SPLITS},
    licence="CC BY 4.0",
    source="https://archive.ics.uci.edu/dataset/80 (the test part), as shipped by scikit-learn's load_digits",
    citation=(
        "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998, "
        "doi:10.24432/C50P49"
    ),
    notes="Made by pipelines/datasets/scenes.py: a box and a mask of what is visible of every whole digit.",
)


@dataclass(frozen=True)
class Sources:
    """Digits to draw: ``images`` (n, 8, 8), 0..16, ``labels`` (n,), and ``numbers`` (n,) in scikit-learn's order."""

    images: Pixels
    labels: Pixels
    numbers: Pixels


@dataclass(frozen=True)
class Placed:
    """A digit in a scene: its label, its number in scikit-learn's order, its pixels, and which of them are visible."""

    label: int
    number: int
    whole: NDArray[np.bool_]
    visible: NDArray[np.bool_]


def make(folder: Path) -> None:
    """Write the scenes as PNGs of 256 colours, ``<split>/images/<number>.png``, with COCO annotations.

    An annotation's ``digit`` is the number of its digit in scikit-learn's order.
    """
    with whole_directory(folder) as temporary:
        for place, split in enumerate(SPLITS):
            (temporary / split / IMAGES).mkdir(parents=True)
            digits = sources(split)
            scenes = []
            for number in range(COUNTS[split]):
                pixels, placed = scene(digits, Draw(SEED, place, number))
                (temporary / split / IMAGES / f"{number:03}.png").write_bytes(palette_png(pixels))
                scenes.append(placed)
            (temporary / split / ANNOTATIONS).write_text(canonical_json(_coco(scenes)), encoding="utf-8")
        write_description(temporary, DESCRIPTION)


def sources(split: str) -> Sources:
    """The digits that the dataset ``digits`` has in ``split``: none is seen in two splits of the scenes either."""
    from sklearn.datasets import load_digits

    _, labels, splits = encoded()
    numbers = np.flatnonzero(np.array(splits) == split)
    return Sources(load_digits().images.astype(np.int64)[numbers], np.array(labels, np.int64)[numbers], numbers)


def scene(digits: Sources, draw: Draw) -> tuple[NDArray[np.uint8], list[Placed]]:
    """One scene ``uint8 (SIDE, SIDE, 3)`` and its digits, the lowest first."""
    canvas = texture(SIDE, draw)
    clutter(canvas, digits.images, draw)
    placed: list[Placed] = []
    wanted = draw.between(*DIGITS)
    for _ in range(4 * wanted):
        chosen = draw.below(len(digits.images))
        cover, top, left = _pose(digits.images[chosen], draw)
        ink = np.zeros((SIDE, SIDE), bool)
        ink[top : top + len(cover), left : left + len(cover)] = cover >= 128
        if any(100 * int((one.visible & ~ink).sum()) < VISIBLE * int(one.whole.sum()) for one in placed):
            continue
        paint(canvas, cover, top, left, CONTRAST, draw)
        placed = [replace(one, visible=one.visible & ~ink) for one in placed]
        placed.append(Placed(int(digits.labels[chosen]), int(digits.numbers[chosen]), ink, ink))
        if len(placed) == wanted:
            break
    grain = draw.many(-GRAIN, GRAIN, (SIDE, SIDE, 1))
    return np.clip(canvas + grain, 0, 255).astype(np.uint8), placed


def _pose(image: Pixels, draw: Draw) -> tuple[Pixels, int, int]:
    """How the digit covers its square, and the square's upper left corner; small ones are frequent."""
    low, high = SIZES
    side = low + (high - low) * draw.below(1000) * draw.below(1000) // 1_000_000
    cover = turned(image, side, draw.between(-TURN, TURN))
    room = SIDE - len(cover)
    return cover, draw.between(0, room), draw.between(0, room)


def _coco(scenes: list[list[Placed]]) -> dict[str, Any]:
    from pycocotools import mask as coco

    annotations: list[dict[str, Any]] = []
    for image, placed in enumerate(scenes, 1):
        for one in placed:
            code = coco.encode(np.asfortranarray(one.visible.astype(np.uint8)))
            annotations.append({
                "id": len(annotations) + 1, "image_id": image, "category_id": one.label + 1,
                "bbox": coco.toBbox(code).tolist(), "area": int(one.visible.sum()), "iscrowd": 0,
                "digit": one.number,
                "segmentation": {"size": [SIDE, SIDE], "counts": code["counts"].decode()},
            })  # fmt: skip
    return {
        "images": [
            {"id": image, "file_name": f"{image - 1:03}.png", "width": SIDE, "height": SIDE}
            for image in range(1, len(scenes) + 1)
        ],
        "categories": [{"id": place, "name": name} for place, name in enumerate(DESCRIPTION.classes, 1)],
        "annotations": annotations,
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise UsageError("usage: python -m pipelines.datasets.scenes DIR")
    make(Path(sys.argv[1]))
