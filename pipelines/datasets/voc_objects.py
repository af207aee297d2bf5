"""PASCAL VOC's masks of objects: ``SegmentationObject/ID.png``, whose value N is the N-th object of the image's XML."""

from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from pipelines.datasets import voc
from pipelines.datasets.annotated import Picture, Repairs, Rle, Source
from pipelines.datasets.label_values import read_values
from pipelines.truth import IGNORE

FOLDER = "SegmentationObject"


def masks(files: list[str]) -> dict[str, str]:
    """Stem of an image -> its mask of objects."""
    return {PurePosixPath(path).stem: path for path in files if PurePosixPath(path).match(f"{FOLDER}/*.png")}


def read(root: Path, files: list[str], repairs: Repairs) -> Source:
    """The images that have a mask of objects, with the masks of those; the border, 255, belongs to none.

    Raises:
        UsageError: as `voc.read`.
    """
    found = masks(files)
    source = voc.read(root, files, repairs, task="Segmentation")
    with_mask = [one for one in source.pictures if one.file.stem in found]
    pictures = tuple(_masked(one, root / found[one.file.stem]) for one in with_mask)
    without = {one.file.relative_to(root).as_posix() for one in source.pictures if one not in with_mask}
    skipped = tuple(sorted(without.union(source.skipped) - set(found.values())))
    return Source("PASCAL VOC with masks of objects", "instances", pictures, None, skipped)


def _masked(picture: Picture, mask: Path) -> Picture:
    count = len(picture.marks)
    marks = (replace(mark, mask=partial(_encode, mask, i, count)) for i, mark in enumerate(picture.marks, 1))
    return replace(picture, marks=tuple(marks))


def _encode(path: Path, number: int, count: int, height: int, width: int) -> Rle:
    """The run lengths of the ``number``-th object of ``count``."""
    from pycocotools import mask

    values = read_values(path)
    if values.shape != (height, width):
        raise ValueError(f"its mask {path} is of {values.shape[1]} x {values.shape[0]} pixels")
    if (most := int(values[values != IGNORE].max(initial=0))) > count:
        raise ValueError(f"its mask {path} has the value {most}, its XML only {count} object(s)")
    rle: Rle = mask.encode(np.asfortranarray(values == number, np.uint8))
    return rle
