"""The embedded dataset comes from the installed scikit-learn, byte for byte."""

from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from pipelines.datasets.digits import make
from pipelines.datasets.revision import folder_revision


def test_made_again_it_is_the_tracked_one(module_project: Path, tmp_path: Path) -> None:
    make(tmp_path / "again")
    assert folder_revision(tmp_path / "again") == folder_revision(module_project / "data" / "digits")


def test_every_digit_is_there_once_with_its_pixels_and_label(module_project: Path) -> None:
    digits = load_digits()
    files = sorted((module_project / "data" / "digits").glob("*/*/*.png"), key=lambda path: path.stem)
    assert [int(path.stem) for path in files] == list(range(1797))
    assert [int(path.parent.name) for path in files] == digits.target.tolist()
    levels = np.stack([np.asarray(Image.open(path)) for path in files]) * (16 / 255)
    assert np.array_equal(np.rint(levels), digits.images)
    counts = Counter((path.parts[-3], path.parent.name) for path in files)
    assert Counter(path.parts[-3] for path in files) == {"train": 1439, "valid": 179, "test": 179}
    assert min(counts.values()) >= 17
