"""Annotated images as a user's files have them, whatever their format: what every reader gives."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from unicodedata import normalize

from pipelines.datasets.dataset import Kind, Split
from pipelines.datasets.image_folder import SPLIT_NAMES
from pipelines.datasets.legend import Legend
from tatara.core.errors import UsageError
from tatara.core.modalities.image import EXTENSIONS

Box = tuple[float, float, float, float]
"""``x_min, y_min, x_max, y_max`` in pixels; the last two are exclusive edges."""
Rle = dict[str, Any]
"""COCO's compressed run lengths: ``size`` [height, width] and ``counts`` (bytes)."""


@dataclass(frozen=True)
class Mark:
    """One object as its source marks it, in the pixels of the source's own frame.

    Attributes:
        label: class name.
        box: may lie outside the image or have no area; None where it is that of the mask.
        crowd: a region of many objects.
        mask: gives the run lengths for a frame of (height, width); None where there is only a box. It raises
            ValueError, in words, where it cannot be read or is of another size.
    """

    label: str
    box: Box | None
    crowd: bool = False
    mask: Callable[[int, int], Rle] | None = None


@dataclass(frozen=True)
class Picture:
    """One image with its annotation.

    Attributes:
        file: the image.
        split: where the user gave one.
        marks: its objects; empty for a label mask.
        size: (width, height) that the annotation was made for, where the source says so.
        mask: file with a class for every pixel, of the source's values.
        legend: what these mean, where the source says so; else a value is its class's number.
    """

    file: Path
    split: Split | None
    marks: tuple[Mark, ...] = ()
    size: tuple[int, int] | None = None
    mask: Path | None = None
    legend: Legend | None = None


@dataclass(frozen=True)
class Source:
    """What a reader found.

    Attributes:
        layout: the format in words.
        kind: what the dataset becomes.
        pictures: sorted by file.
        classes: names in order where the source has an order, else None; some may have no object.
        skipped: paths of files that are no part of it.
        notes: how it was read where it could have been meant otherwise, a line each.
    """

    layout: str
    kind: Kind
    pictures: tuple[Picture, ...]
    classes: tuple[str, ...] | None
    skipped: tuple[str, ...]
    notes: tuple[str, ...] = ()


def label_of(text: str) -> str:
    """A class name as it is kept: composed, without outer and repeated spaces."""
    return normalize("NFC", " ".join(text.split()))


class Repairs:
    """What cannot be brought in as it is: refused, or left out and listed in ``made`` where that is allowed."""

    def __init__(self, allowed: bool) -> None:
        self.allowed = allowed
        self.made: list[str] = []

    def leave_out(self, what: str, with_it: str = "") -> None:
        """Note that ``what``, which names its file, is left out, or ``with_it`` the whole that it makes unusable.

        Raises:
            UsageError: repairing is not allowed.
        """
        if not self.allowed:
            raise UsageError(f"{what}; mend it, or leave {with_it or 'it'} out with repair=true")
        self.made.append(f"{what}: {with_it}{' is ' if with_it else ''}left out")


def split_of(path: str) -> Split | None:
    """The split that a folder in a relative path names, such as ``train``, ``Val`` or ``test2017``."""
    for part in PurePosixPath(path).parts[:-1]:
        if found := SPLIT_NAMES.get(part.lower().rstrip("0123456789")):
            return found
    return None


def is_image(path: str) -> bool:
    """Whether the file's ending is that of an image."""
    return path.lower().endswith(EXTENSIONS)


def folder_of(path: str) -> str:
    """The folder of a relative path, ``.`` for the root."""
    return str(PurePosixPath(path).parent)
