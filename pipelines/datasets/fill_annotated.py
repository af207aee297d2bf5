"""A new dataset's folder from annotated images: ``images/`` and ``annotations.json`` or ``labels/`` in each split."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pipelines.datasets.adopting import need_space
from pipelines.datasets.annotated import Repairs, Source
from pipelines.datasets.dataset import FORMATS, IMAGES, SPLITS, Description, Split
from pipelines.datasets.examining import Examined, examine
from pipelines.datasets.filling import (
    Filled,
    Wishes,
    distinct_stems,
    given_splits,
    in_parallel,
    refuse_broken,
    without_leaks,
)
from pipelines.datasets.orientation import UPRIGHT
from pipelines.datasets.splitting import by_rarest_class, completed, described
from pipelines.datasets.truths import MarkedObjects, PixelClasses
from tatara.core.errors import UsageError
from tatara.core.progress import progress

BY = "by the rarest class in an image"


def fill_annotated(path: Path, folder: Path, name: str, source: Source, wishes: Wishes, repairs: Repairs) -> Filled:
    """Copy the images into ``folder``, the new dataset ``name``, and write their annotations.

    Missing splits are made, each image counted for its rarest class. Where repairs are allowed they are noted.

    Raises:
        UsageError: an image or its annotation cannot be used; there are no classes, or too few images.
        TataraError: the disk is full.
    """
    look = partial(examine, with_masks=source.kind == "instances")
    examined, left_out = _usable(path, in_parallel(look, source.pictures, f"read {name}"), wishes, repairs)
    digests = [str(one.measured.digest) for one in examined]
    kept = without_leaks(_given(examined), digests, [_file(one) for one in examined], repairs)
    truth_of = MarkedObjects if FORMATS[source.kind] == "coco" else PixelClasses
    truth = truth_of(path, source, [examined[number] for number in kept], wishes, repairs)
    examined = truth.examined
    size = sum(one.measured.bytes for one in examined)
    need_space(size)
    splits, made = _splits(path, truth.present, examined, wishes)
    names = _names(examined, splits)
    _copy(examined, splits, names, folder, name)
    truth.write(folder, splits, names)
    description = Description(
        modality="image", kind=source.kind, format=FORMATS[source.kind], classes=truth.classes,
        splits=described(made, BY, wishes.seed), licence=wishes.licence, source=wishes.source,
        notes=_notes(source, repairs),
    )  # fmt: skip
    files: dict[str, int] = {split: splits.count(split) for split in SPLITS}
    return Filled(description, files, truth.counts(splits), size, left_out, [*source.notes, *_turned(examined)])


def _turned(examined: Sequence[Examined]) -> list[str]:
    """A line where annotations were made for pictures as they are stored, which EXIF says to turn."""
    files = [_file(one) for one in examined if one.turn != UPRIGHT]
    if not files:
        return []
    return [f"{len(files):,} annotation(s) were turned upright with their image, as EXIF says, first of {files[0]}"]


def _copy(examined: list[Examined], splits: list[Split], names: list[str], folder: Path, name: str) -> None:
    items = list(zip(examined, splits, names, strict=True))
    for one, split, file in progress(items, len(items), f"copy {name}"):
        (folder / split / IMAGES).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_file(one), folder / split / IMAGES / file)


def _file(one: Examined) -> Path:
    return one.picture.file


def _usable(path: Path, examined: list[Examined], wishes: Wishes, repairs: Repairs) -> tuple[list[Examined], list[str]]:
    """The images that decode and whose annotations can be read, and a line for each that does not decode."""
    broken = [f"{_file(one)}: {one.measured.decode_error}" for one in examined if one.measured.decode_error]
    refuse_broken(path, broken, wishes.skip_broken or repairs.allowed)
    for one in examined:
        if one.fault:
            repairs.leave_out(str(one.fault), "the whole image")
    sound = [one for one in examined if not one.measured.decode_error and not one.fault]
    if not sound:
        raise UsageError(f"{path}: no image is left that can be used")
    return sound, broken


def _given(examined: list[Examined]) -> list[Split | None]:
    return given_splits([one.picture.split for one in examined])


def _splits(
    path: Path, present: Sequence[set[str]], examined: list[Examined], wishes: Wishes
) -> tuple[list[Split], tuple[int, int, int]]:
    digests = [str(one.measured.digest) for one in examined]

    def make(positions: Sequence[int], ratios: tuple[int, int, int]) -> list[Split]:
        own = [present[n] for n in positions], [digests[n] for n in positions]
        return by_rarest_class(*own, ratios, wishes.seed)

    try:
        return completed(_given(examined), wishes.ratios, make)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _names(examined: list[Examined], splits: list[Split]) -> list[str]:
    """Names of the files within their splits; no two have one stem, which names the label mask."""
    files = [_file(one) for one in examined]
    return [f"{stem}{file.suffix}" for stem, file in zip(distinct_stems(files, splits), files, strict=True)]


def _notes(source: Source, repairs: Repairs) -> str:
    changed = f" {len(repairs.made):,} change(s) by repair=true." if repairs.made else ""
    return f"Added from {source.layout}.{changed}"
