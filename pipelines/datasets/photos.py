"""Make the dataset ``photos``: patches of the colour photos inside scikit-image and scikit-learn, grey beside colour.

``python -m pipelines.datasets.photos DIR`` writes the folder; the bytes are the same every time: all arithmetic is on
whole numbers. A photo's patches are in one split, and so are the two of a stereo pair. So few photos prove that the way
from data to a service works; they are no measure of quality.
"""

import csv
import io
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.dataset import IMAGES, SPLITS, TARGETS, Description, Split, write_description
from pipelines.datasets.own_columns import FILE
from pipelines.datasets.stored_png import colour_png, grey_png
from pipelines.datasets.transforms import grey
from tatara.core.errors import UsageError
from tatara.core.files import whole_directory, write_text
from tatara.core.modalities.image import decode

SIDE = 96
"""Of a patch in pixels; the patches of a photo lie on a grid of that pitch, in the middle of it."""


@dataclass(frozen=True)
class Photo:
    """A photo as a package ships it: its file, by how much it is reduced, its split, and its terms."""

    package: str
    file: str
    reduced: int
    split: Split
    licence: str


PHOTOS = (
    Photo("skimage.data", "astronaut.png", 2, "train", "public domain (NASA)"),
    Photo("skimage.data", "coffee.png", 2, "train", "CC0 (Rachel Michetti)"),
    Photo("skimage.data", "hubble_deep_field.jpg", 4, "train", "public domain (NASA)"),
    Photo("skimage.data", "motorcycle_left.png", 2, "train", "CC0 (Middlebury College)"),
    Photo("skimage.data", "motorcycle_right.png", 2, "train", "CC0 (Middlebury College)"),
    Photo("sklearn.datasets.images", "china.jpg", 2, "train", "CC BY 2.0 (danielbuechele)"),
    Photo("skimage.data", "rocket.jpg", 2, "valid", "public domain (SpaceX)"),
    Photo("skimage.data", "chelsea.png", 1, "test", "CC0 (Stefan van der Walt)"),
    Photo("sklearn.datasets.images", "flower.jpg", 2, "test", "CC BY 2.0 (vultilion)"),
)
"""With the terms that the packages state beside the files."""

DESCRIPTION = Description(
    modality="image",
    kind="image",
    format="image-pairs",
    splits={split: ", ".join(Path(photo.file).stem for photo in PHOTOS if photo.split == split) for split in SPLITS},
    licence="by photo, see columns.csv: public domain, CC0, CC BY 2.0",
    source="the photos inside the packages scikit-image and scikit-learn",
    citation=(
        "D. Scharstein et al., High-resolution stereo datasets with subpixel-accurate ground truth, GCPR 2014, for the "
        "motorcycle"
    ),
    notes="Made by pipelines/datasets/photos.py: grey patches, the photos' own as targets.",
)


def make(folder: Path) -> None:
    """Write the patches as PNGs, ``<split>/images/<photo>-<number>.png`` grey and ``<split>/targets/...`` in colour,
    and ``columns.csv`` with each one's photo and licence."""
    with whole_directory(folder) as temporary:
        rows = [("path", "photo", "licence")]
        for photo in PHOTOS:
            for name in (IMAGES, TARGETS):
                (temporary / photo.split / name).mkdir(parents=True, exist_ok=True)
            stem = Path(photo.file).stem
            for number, patch in enumerate(patches(photo)):
                file = f"{stem}-{number:02}.png"
                (temporary / photo.split / IMAGES / file).write_bytes(grey_png(grey(patch)))
                (temporary / photo.split / TARGETS / file).write_bytes(colour_png(patch))
                rows.append((f"{photo.split}/{IMAGES}/{file}", stem, photo.licence))
        table = io.StringIO()
        csv.writer(table, lineterminator="\n").writerows(rows)
        write_text(temporary / FILE, table.getvalue())
        write_description(temporary, DESCRIPTION)


def patches(photo: Photo) -> list[NDArray[np.uint8]]:
    """The photo's patches ``uint8 (SIDE, SIDE, 3)``, row by row."""
    pixels = _reduced(decode((files(photo.package) / photo.file).read_bytes()), photo.reduced)
    rows, columns = (length // SIDE for length in pixels.shape[:2])
    top, left = ((length - count * SIDE) // 2 for length, count in zip(pixels.shape, (rows, columns), strict=False))
    corners = [(top + SIDE * row, left + SIDE * column) for row in range(rows) for column in range(columns)]
    return [pixels[y : y + SIDE, x : x + SIDE] for y, x in corners]


def _reduced(pixels: NDArray[np.uint8], times: int) -> NDArray[np.uint8]:
    """Means of squares of ``times`` pixels, rounded."""
    height, width = (length // times * times for length in pixels.shape[:2])
    squares = pixels[:height, :width].astype(np.int64).reshape(height // times, times, width // times, times, 3)
    area = times * times
    return np.asarray((squares.sum(axis=(1, 3)) + area // 2) // area, np.uint8)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise UsageError("usage: python -m pipelines.datasets.photos DIR")
    make(Path(sys.argv[1]))
