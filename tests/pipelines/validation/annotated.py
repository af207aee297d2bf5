"""Small annotated datasets that satisfy every rule, for tests to spoil; written without the project's writers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask

from pipelines.datasets.dataset import Dataset, read_description

CLASSES = ("cat", "dog")
COUNTS = {"train": 6, "valid": 2, "test": 2}
WIDTH, HEIGHT = 96, 80
BOXES = ((8, 12, 40, 24), (40, 20, 44, 48))
"""x, y, width, height of the cat and of the dog in every image."""


def make_annotated(folder: Path, kind: str) -> Dataset:
    """Ten pictures of 96 x 80 pixels that look nothing like each other, a cat and a dog in each.

    Of kind ``segmentation`` the classes are background, cat and dog, the first column of pixels is ignored.
    """
    random = np.random.default_rng(1)
    for split, count in COUNTS.items():
        (folder / split / "images").mkdir(parents=True)
        for number in range(count):
            coarse = Image.fromarray(random.integers(0, 256, (8, 9, 3), np.uint8))
            coarse.resize((WIDTH, HEIGHT), Image.Resampling.NEAREST).save(folder / split / "images" / f"{number}.png")
        if kind == "segmentation":
            _write_masks(folder / split / "labels", count)
        else:
            (folder / split / "annotations.json").write_text(json.dumps(coco(count, kind == "instances")))
    names = ["background", *CLASSES] if kind == "segmentation" else CLASSES
    (folder / "dataset.yaml").write_text(
        f"modality: image\nkind: {kind}\nformat: {'label-masks' if kind == 'segmentation' else 'coco'}\n"
        f"classes: [{', '.join(names)}]\nsplits: {{train: given, valid: given, test: given}}\n"
        "licence: none\nsource: made by a test\n",
        encoding="utf-8",
    )
    return Dataset(folder.name, folder, read_description(folder / "dataset.yaml"))


def coco(count: int, masks: bool) -> dict[str, Any]:
    """COCO's JSON of ``count`` such images."""
    return {
        "images": [
            {"id": n + 1, "file_name": f"{n}.png", "width": WIDTH, "height": HEIGHT} for n in range(count)
        ],
        "categories": [{"id": position + 1, "name": name} for position, name in enumerate(CLASSES)],
        "annotations": [
            annotation(2 * n + which + 1, n + 1, which + 1, BOXES[which], masks)
            for n in range(count)
            for which in (0, 1)
        ],
    }  # fmt: skip


def annotation(number: int, image: int, category: int, box: tuple[int, int, int, int], masks: bool) -> dict[str, Any]:
    """One object; its mask, if any, is its box without the upper left pixel."""
    found = {
        "id": number, "image_id": image, "category_id": category, "bbox": list(box), "area": box[2] * box[3],
        "iscrowd": 0,
    }  # fmt: skip
    if masks:
        found["segmentation"] = encoded(filled(box))
    return found


def filled(box: tuple[int, int, int, int]) -> np.ndarray:
    """A mask of that box without its upper left pixel."""
    x, y, width, height = box
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[y : y + height, x : x + width] = 1
    pixels[y, x] = 0
    return pixels


def encoded(pixels: np.ndarray) -> dict[str, Any]:
    """COCO's compressed run lengths of a mask."""
    code = mask.encode(np.asfortranarray(pixels))
    return {"size": [int(side) for side in code["size"]], "counts": code["counts"].decode()}


def edit(folder: Path, change: Callable[[dict[str, Any]], object], split: str = "train") -> None:
    """Apply ``change`` to the annotations of a split."""
    path = folder / split / "annotations.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def paint(folder: Path, change: Callable[[np.ndarray], object], path: str = "train/labels/0.png") -> None:
    """Apply ``change`` to the values of a label mask."""
    values = np.asarray(Image.open(folder / path)).copy()
    change(values)
    _palette(values).save(folder / path)


def _write_masks(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        values = np.zeros((HEIGHT, WIDTH), np.uint8)
        for which, box in enumerate(BOXES):
            values[filled(box) == 1] = which + 1
        values[:, 0] = 255
        _palette(values).save(folder / f"{number}.png")


def _palette(values: np.ndarray) -> Image.Image:
    image = Image.fromarray(values, "L").convert("P")
    image.putpalette([channel for level in range(256) for channel in (level, 255 - level, 7 * level % 256)])
    image.paste(Image.fromarray(values, "L"), (0, 0))
    return image
