"""A small dataset of pictures that satisfies every rule, for tests to spoil."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("cat", "dog")
COUNTS = {"train": 6, "valid": 2, "test": 2}
DESCRIPTION = """\
modality: image
kind: classification
format: image-folder
classes: [cat, dog]
splits: {train: given, valid: given, test: given}
licence: none
source: made by a test
"""


def make_dataset(folder: Path) -> Path:
    """Write the dataset into ``folder``: 20 pictures of 36 x 32 pixels that look nothing like each other."""
    random = np.random.default_rng(0)
    for split, count in COUNTS.items():
        for label in CLASSES:
            (folder / split / label).mkdir(parents=True)
            for number in range(count):
                coarse = Image.fromarray(random.integers(0, 256, (8, 9, 3), np.uint8))
                coarse.resize((36, 32), Image.Resampling.NEAREST).save(folder / split / label / f"{number}.png")
    (folder / "dataset.yaml").write_text(DESCRIPTION, encoding="utf-8")
    return folder


def make_project(root: Path) -> Path:
    """A project folder with that dataset as ``pets``."""
    root.mkdir()
    (root / "data.dvc").touch()
    make_dataset(root / "data" / "pets")
    return root
