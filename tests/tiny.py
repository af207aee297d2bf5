"""Tiny datasets and a workspace in which one is validated, for tests of what comes after."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image
from pycocotools import mask as coco

from pipelines.datasets import tones
from pipelines.datasets.dataset import open_dataset
from pipelines.datasets.index import build_index
from pipelines.datasets.objects import build_objects
from pipelines.datasets.revision import revision
from pipelines.datasets.textures import Draw
from pipelines.validation.described import described
from pipelines.validation.tables import build_tables, counts_of
from pipelines.workspace import Workspace
from tatara.core.files import write_json

CLASSES = ("0", "1", "7")


def make_tiny(project: Path, per_class: int = 12) -> None:
    """``data/tiny``: three of the digits, at most ``per_class`` files of each in every split."""
    digits, tiny = project / "data" / "digits", project / "data" / "tiny"
    for split in ("train", "valid", "test"):
        for label in CLASSES:
            (tiny / split / label).mkdir(parents=True)
            for file in sorted((digits / split / label).iterdir())[:per_class]:
                shutil.copy2(file, tiny / split / label)
    description = yaml.safe_load((digits / "dataset.yaml").read_text())
    (tiny / "dataset.yaml").write_text(yaml.safe_dump({**description, "classes": list(CLASSES)}))


def mark_validated(workspace: Workspace, data: str) -> None:
    """What the validate stage leaves when all is well; its own tests cover how it comes about."""
    dataset = open_dataset(data)
    folder = workspace.path / "validate"
    folder.mkdir(parents=True)
    index = build_index(dataset)
    index.to_parquet(folder / "index.parquet", index=False)
    if dataset.description.format == "coco":
        build_objects(dataset).to_parquet(folder / "objects.parquet", index=False)
    write_json(folder / "bounds.json", [])
    found = revision(dataset)
    counts = counts_of(dataset, build_tables(dataset, index)["classes"])
    write_json(folder / "dataset.json", described(dataset, index, counts, found))
    result = {"success": True, "data": data, "revision": found, "rules": [], "suite_digest": "0" * 64}
    write_json(folder / "result.json", result)
    write_json(folder / "parameters.json", {"kind": dataset.description.kind, "data": data})


SHAPES = ("disc", "square")


def make_shapes(project: Path, images: int = 4) -> None:
    """``data/shapes``: discs and squares on noise, with boxes and masks, ``images`` in every split, of two sizes."""
    folder = project / "data" / "shapes"
    for number, split in enumerate(("train", "valid", "test")):
        generator = np.random.default_rng(number)
        (folder / split / "images").mkdir(parents=True)
        listed, annotations = [], []
        for image in range(images):
            pixels, objects = _scene(generator, *((72, 96) if image % 2 else (96, 80)))
            Image.fromarray(pixels).save(folder / split / "images" / f"{image}.png")
            height, width, _ = pixels.shape
            listed.append({"id": image, "file_name": f"{image}.png", "height": height, "width": width})
            for mask, category in objects:
                annotations.append({"id": len(annotations), "image_id": image, "category_id": category, **_coco(mask)})
        categories = [{"id": place + 1, "name": name} for place, name in enumerate(SHAPES)]
        write_json(
            folder / split / "annotations.json",
            {"images": listed, "categories": categories, "annotations": annotations},
        )
    description = {
        "modality": "image", "kind": "instances", "format": "coco", "classes": list(SHAPES), "licence": "CC0",
        "splits": dict.fromkeys(("train", "valid", "test"), "made"), "source": "drawn by a test",
    }  # fmt: skip
    (folder / "dataset.yaml").write_text(yaml.safe_dump(description))


def _scene(generator: np.random.Generator, height: int, width: int) -> tuple[np.ndarray, list[tuple[np.ndarray, int]]]:
    """Pixels, and the mask and category of a disc at the left and a square at the right."""
    pixels = generator.integers(0, 90, (height, width, 3)).astype(np.uint8)
    y, x = np.mgrid[:height, :width]
    radius, side = generator.integers(9, 16), generator.integers(16, 28)
    top, left = generator.integers(4, height - side - 4), generator.integers(width // 2, width - side - 2)
    down, across = (
        generator.integers(radius + 1, height - radius - 1),
        generator.integers(radius + 1, width // 2 - radius),
    )
    disc = (y - down) ** 2 + (x - across) ** 2 <= radius**2
    square = (y >= top) & (y < top + side) & (x >= left) & (x < left + side)
    pixels[disc], pixels[square] = (230, 200, 60), (60, 120, 230)
    return pixels, [(disc, 1), (square, 2)]


def _coco(mask: np.ndarray) -> dict[str, Any]:
    encoded = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    segmentation = {"size": list(mask.shape), "counts": encoded["counts"].decode()}
    box = [float(value) for value in coco.toBbox(encoded)]
    return {"bbox": box, "area": float(mask.sum()), "iscrowd": 0, "segmentation": segmentation}


def make_pairs(project: Path, images: int = 4) -> None:
    """``data/pairs``: grey images of smooth colours and what they were made of, two sizes, one beyond a window."""
    folder = project / "data" / "pairs"
    for number, split in enumerate(("train", "valid", "test")):
        generator = np.random.default_rng(10 + number)
        for name in ("images", "targets"):
            (folder / split / name).mkdir(parents=True)
        for image in range(images):
            height, width = (24, 40) if image % 2 else (30, 28)
            corners = Image.fromarray(generator.integers(0, 255, (4, 4, 3)).astype(np.uint8))
            target = corners.resize((width, height), Image.Resampling.BICUBIC)
            target.save(folder / split / "targets" / f"{image}.png")
            target.convert("L").save(folder / split / "images" / f"{image}.png")
    description = {
        "modality": "image", "kind": "image", "format": "image-pairs", "licence": "CC0", "source": "drawn by a test",
        "splits": dict.fromkeys(("train", "valid", "test"), "made"),
    }  # fmt: skip
    (folder / "dataset.yaml").write_text(yaml.safe_dump(description))


SOUNDS = ("falling", "rising", "tone")


def make_sounds(project: Path, per_class: int = 4) -> None:
    """``data/sounds``: three classes of the dataset ``tones``, drawn anew, ``per_class`` in every split."""
    folder = project / "data" / "sounds"
    for place, split in enumerate(("train", "valid", "test")):
        for position, label in enumerate(SOUNDS):
            (folder / split / label).mkdir(parents=True)
            for number in range(per_class):
                samples = tones.sound(label, Draw(7, place, 100 * position + number))
                (folder / split / label / f"{number}.wav").write_bytes(tones.wav(samples))
    description = {
        "modality": "audio", "kind": "classification", "format": "audio-folder", "classes": list(SOUNDS),
        "licence": "CC0", "source": "made by a test", "splits": dict.fromkeys(("train", "valid", "test"), "made"),
    }  # fmt: skip
    (folder / "dataset.yaml").write_text(yaml.safe_dump(description))


def data_of(kind: str, modality: str = "image") -> str:
    """Which of the tiny datasets a kind learns from."""
    if modality == "audio":
        return "sounds"
    return {"classification": "tiny", "image": "pairs"}.get(kind, "shapes")
