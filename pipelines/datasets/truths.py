"""The annotations of a new dataset: its classes, which of them are where, and how they are written."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.annotated import Repairs, Source
from pipelines.datasets.canonical import Annotated, write_annotations, write_label_mask
from pipelines.datasets.dataset import LABELS, SPLITS, Split, legal_class
from pipelines.datasets.examining import Examined
from pipelines.datasets.filling import Wishes, in_parallel
from pipelines.datasets.label_values import classes_and_table, read_values
from pipelines.datasets.orientation import turn_mask
from pipelines.datasets.repairing import repaired
from pipelines.truth import IGNORE
from tatara.core.errors import UsageError

Counts = dict[str, dict[str, int]]
"""Split -> class -> how many."""


class MarkedObjects:
    """Objects with boxes and perhaps masks, put right where repairs are allowed. A class is one that has objects.

    Attributes:
        classes: names in order.
        examined: the images that are part of the dataset.
        present: the classes in each of them.
    """

    def __init__(self, path: Path, source: Source, examined: list[Examined], wishes: Wishes, repairs: Repairs) -> None:
        wanted = tuple(legal_class(name, source.kind) for name in wishes.classes) if wishes.classes else None
        self.examined = [_repaired(image, wanted, repairs) for image in examined] if repairs.allowed else examined
        self.present = [{one.label for one in image.objects} for image in self.examined]
        labels = set().union(*self.present)
        if wanted is not None and (odd := labels - set(wanted)):
            raise UsageError(
                f"{path}: objects of class {min(odd)!r}, which classes= does not name; name it, or leave them out with "
                "repair=true"
            )
        if not labels:
            raise UsageError(f"{path}: {source.layout}, but no object is marked in any image")
        named = source.classes or sorted(labels)
        self.classes = wanted or tuple(legal_class(name, source.kind) for name in named if name in labels)

    def counts(self, splits: Sequence[Split]) -> Counts:
        """Objects by split and class."""
        pairs = zip(splits, self.examined, strict=True)
        return _by_split(Counter((split, one.label) for split, image in pairs for one in image.objects), self.classes)

    def write(self, folder: Path, splits: Sequence[Split], names: Sequence[str]) -> None:
        """Write the annotations of the images that lie in ``folder`` under ``names``."""
        for split in SPLITS:
            images = [
                Annotated(name, *image.size, image.objects)
                for image, own, name in zip(self.examined, splits, names, strict=True)
                if own == split
            ]
            write_annotations(folder / split, images, self.classes)


def _repaired(image: Examined, classes: Sequence[str] | None, repairs: Repairs) -> Examined:
    objects, changes = repaired(image.objects, *image.size, classes)
    repairs.made.extend(f"{image.picture.file}: {change}" for change in changes)
    return replace(image, objects=tuple(objects))


class PixelClasses:
    """A class for every pixel, from the values of the source's label masks.

    Attributes:
        classes: names in order; a class's position is its value.
        examined: the images that are part of the dataset.
        present: the classes in each of them.
    """

    def __init__(self, path: Path, source: Source, examined: list[Examined], wishes: Wishes, repairs: Repairs) -> None:
        for one in examined:
            if one.pixels is None and repairs.allowed:
                repairs.leave_out(f"{one.picture.file}: no mask")
        self.examined = [one for one in examined if one.pixels is not None or not repairs.allowed]
        values = {value for one in self.examined for value in one.pixels or ()}
        told = any(one.picture.legend for one in self.examined)  # values are positions already, and 255 is no level
        ignore = IGNORE if wishes.ignore is None and told else wishes.ignore
        try:
            names, self._table = classes_and_table(values, wishes.classes or source.classes, ignore)
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None
        self.classes = tuple(legal_class(name, source.kind) for name in names)
        if repairs.allowed:
            self._repair(repairs)
        self.present = [self._present(one) for one in self.examined]

    def _repair(self, repairs: Repairs) -> None:
        """Have the values that name no class left out, and the images in which nothing else is."""
        unknown = np.flatnonzero((self._table >= len(self.classes)) & (self._table != IGNORE))
        for one in self.examined:
            for value in (value for value in unknown if value in (one.pixels or ())):
                count = (one.pixels or {})[int(value)]
                repairs.made.append(f"{one.picture.mask}: {count:,} pixels of value {value}, no class: ignored")
        self._table[unknown] = IGNORE
        for one in self.examined:
            if not self._present(one):
                repairs.leave_out(f"{one.picture.file}: every pixel of its mask is ignored")
        self.examined = [one for one in self.examined if self._present(one)]

    def _present(self, one: Examined) -> set[str]:
        positions = {int(self._table[value]) for value in one.pixels or ()}
        return {self.classes[position] for position in positions if position < len(self.classes)}

    def counts(self, splits: Sequence[Split]) -> Counts:
        """Images that show a class, by split and class."""
        pairs = zip(splits, self.present, strict=True)
        return _by_split(Counter((split, name) for split, present in pairs for name in present), self.classes)

    def write(self, folder: Path, splits: Sequence[Split], names: Sequence[str]) -> None:
        """Write the label masks of the images that lie in ``folder`` under ``names``."""

        def convert(item: tuple[Examined, Split, str]) -> None:
            one, split, name = item
            if one.picture.mask is not None:
                values = read_values(one.picture.mask, one.picture.legend)
                labels: NDArray[np.uint8] = self._table[turn_mask(values, one.turn)]
                write_label_mask(folder / split / LABELS / PurePosixPath(name).with_suffix(".png"), labels)

        in_parallel(convert, list(zip(self.examined, splits, names, strict=True)), "convert masks")


def _by_split(counted: Counter[tuple[Split, str]], classes: Sequence[str]) -> Counts:
    return {split: {name: counted[split, name] for name in classes} for split in SPLITS}
