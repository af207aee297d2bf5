"""Small real images for the tests of datasets, each different from every other."""

from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.datasets.dataset import SPLITS, Dataset, Description, read_description, write_description


def write_image(path: Path, number: int, size: tuple[int, int] = (12, 10)) -> Path:
    """A noisy RGB image of ``(width, height)`` that depends on ``number`` alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def image_folder(root: Path, counts: dict[str, int], start: int = 0) -> Path:
    """``root/<key>/<n>.png`` for each key (``class`` or ``split/class``) and count."""
    number = start
    for key, count in counts.items():
        for position in range(count):
            write_image(root / key / f"{position}.png", number)
            number += 1
    return root


def write_dataset(folder: Path, classes: tuple[str, ...] = ("a", "b")) -> Dataset:
    """A dataset with two images of each class in each split."""
    image_folder(folder, {f"{split}/{label}": 2 for split in SPLITS for label in classes})
    description = Description(
        modality="image", kind="classification", format="image-folder", classes=classes,
        splits=dict.fromkeys(SPLITS, "given"), licence="CC0", source="made by a test",
    )  # fmt: skip
    write_description(folder, description)
    return Dataset(folder.name, folder, read_description(folder / "dataset.yaml"))
