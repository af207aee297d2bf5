"""``tatara data add``: a user's images or sounds, checked and brought under ``data/``."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.datasets.adopting import new_dataset
from pipelines.datasets.annotated import Repairs
from pipelines.datasets.dataset import Dataset, Kind, legal_name, open_dataset, write_description
from pipelines.datasets.fill_annotated import fill_annotated
from pipelines.datasets.fill_labelled import fill_labelled, read_labelled
from pipelines.datasets.fill_pairs import fill_pairs
from pipelines.datasets.filling import Filled, Wishes
from pipelines.datasets.image_pairs import Making, pairs, photos
from pipelines.datasets.recognition import recognize
from pipelines.datasets.revision import folder_revision
from pipelines.datasets.transforms import TRANSFORMS
from tatara.core.errors import UsageError
from tatara.core.modalities import modality_module, modality_of


@dataclass(frozen=True)
class Report:
    """What `add` did.

    Attributes:
        dataset, revision: the new dataset.
        layout: the source's format in words.
        files: split -> images.
        counts: split -> class -> images; of detection and instances objects.
        bytes: of all images.
        skipped: files of the source that are no part of the dataset.
        left_out: undecodable files that were left out, "path: reason" each.
        changes: what ``repair`` changed, one line each.
        notes: how the source was read where it could have been meant otherwise, one line each.
        next_command: what to run now.
    """

    dataset: Dataset
    revision: str
    layout: str
    files: dict[str, int]
    counts: dict[str, dict[str, int]]
    bytes: int
    skipped: list[str]
    left_out: list[str]
    changes: list[str]
    notes: list[str]
    next_command: str


def add(
    path: Path,
    name: str,
    *,
    kind: Kind | None = None,
    classes: tuple[str, ...] | None = None,
    ignore: int | None = None,
    seed: int = 0,
    ratios: tuple[int, int, int] = (8, 1, 1),
    skip_broken: bool = False,
    repair: bool = False,
    licence: str = "not stated",
    source: str | None = None,
    transform: str | None = None,
    target: str | None = None,
    longest: int | None = None,
    speaker: str | None = None,
) -> Report:
    """Bring images with labels, boxes, masks or targets, or sounds with labels, under ``data/<name>``.

    Args:
        path: a folder, a CSV of paths and labels, or a COCO JSON; its format is recognized.
        name: of the new dataset.
        kind: what the dataset is to be, where the files could be several.
        classes: names in order; of mask values, of the objects in mask files, or those that boxes may have.
        ignore: value of label masks that is neither learned nor judged, beside 255.
        seed, ratios: splits that are missing are made by seed, in proportion train, valid, test.
        skip_broken: leaves undecodable images out instead of refusing them all.
        repair: does that too, clips boxes to their image, and drops what has no area, what cannot be read, and what
            train shares with valid or test; ``Report.changes`` lists it.
        licence, source: terms and origin of the examples.
        transform, target, longest: for ``kind="image"``, see `pipelines.datasets.image_pairs.Making`; without a
            transform there are two folders of images with the same names.
        speaker: regular expression whose first group, in a file's name, is who speaks; a table may have the column
            ``speaker`` instead. Splits that are made keep each speaker in one.

    Raises:
        UsageError: the source or the name cannot be used; nothing was changed.
        TataraError: the disk is full, or DVC fails; nothing was changed.
    """
    name = legal_name(name, "dataset")
    if min(ratios) < 1:
        raise UsageError(f"ratios must be three positive numbers, not {':'.join(map(str, ratios))}")
    if ignore is not None and not 0 <= ignore <= 255:
        raise UsageError(f"ignore={ignore}: a value of a label mask is from 0 to 255")
    repairs = Repairs(repair)
    wishes = Wishes(seed, ratios, skip_broken, classes, ignore, licence, source or path.absolute().name, speaker)
    making = _making(kind, classes, transform, target, longest)
    fill, layout, skipped = _read(path, name, kind, making, wishes, repairs)
    with new_dataset(name) as folder:
        filled = fill(folder)
        write_description(folder, filled.description)
        revision = folder_revision(folder)
    return Report(
        open_dataset(name), revision, layout, filled.files, filled.counts, filled.bytes, skipped, filled.left_out,
        repairs.made, filled.notes, f"tatara data check {shlex.quote(name)}",
    )  # fmt: skip


def _read(
    path: Path, name: str, kind: Kind | None, making: Making | None, wishes: Wishes, repairs: Repairs
) -> tuple[Callable[[Path], Filled], str, list[str]]:
    """What fills the dataset's folder, the source's format in words, and its files that are no part of it."""
    source = None if kind == "image" else recognize(path, kind, repairs, wishes.classes)
    if wishes.speaker is not None and (source or kind == "image"):
        raise UsageError(f"{path}: speaker= is for files by class, not for {source.layout if source else 'pairs'}")
    if kind == "image":
        found, skipped = photos(path) if making else pairs(path, repairs)
        layout = making.words if making else "two folders of images"
        return lambda folder: fill_pairs(path, folder, name, found, making, wishes, repairs), layout, skipped
    if source:
        annotated = source
        return (
            lambda folder: fill_annotated(path, folder, name, annotated, wishes, repairs),
            source.layout, list(source.skipped),
        )  # fmt: skip
    examples, skipped = read_labelled(path, wishes)
    layout = f"{modality_module(modality_of(examples[0].file)).NOUN} by class"
    return lambda folder: fill_labelled(path, folder, name, examples, wishes, repairs), layout, skipped


def _making(
    kind: Kind | None, classes: tuple[str, ...] | None, transform: str | None, target: str | None, longest: int | None
) -> Making | None:
    """How pairs are made, where they are.

    Raises:
        UsageError: what goes with pairs alone is given without them, or the reverse.
    """
    given = {"transform": transform, "target": target, "longest": longest}
    named = {name: value for name, value in given.items() if value is not None}
    if kind == "image" and classes:
        raise UsageError("classes= names what is in images; kind=image has none")
    if named and kind != "image":
        raise UsageError(f"{next(iter(named))}= makes pairs of images; add kind=image")
    if named and transform is None:
        raise UsageError(
            f"{next(iter(named))}= says how pairs are made of photos; add transform={'|'.join(TRANSFORMS)}"
        )
    return Making(**named) if named else None  # type: ignore[arg-type]
