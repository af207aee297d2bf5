"""A new dataset's folder from images or sounds by class: ``<class>/<file>`` in each split."""

import csv
import io
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from pipelines.datasets.adopting import need_space
from pipelines.datasets.annotated import Repairs
from pipelines.datasets.dataset import SPLITS, Description, Modality, Split, format_of
from pipelines.datasets.filling import Filled, Wishes, in_parallel, refuse_broken, without_leaks
from pipelines.datasets.image_folder import Example, read_folder
from pipelines.datasets.measuring import MEASURED, FileMeasurements
from pipelines.datasets.own_columns import FILE, KEY
from pipelines.datasets.splitting import by_group, completed, described, stratified
from pipelines.datasets.table import read_table
from tatara.core.errors import UsageError
from tatara.core.modalities import modality_of
from tatara.core.progress import progress

Measured = tuple[Example, FileMeasurements]


def read_labelled(path: Path, wishes: Wishes) -> tuple[list[Example], list[str]]:
    """The examples of a folder or table, and the paths of files that are none by their extension.

    Raises:
        UsageError: it can be neither, or has no image or only one class.
    """
    if path.is_dir():
        examples, skipped = read_folder(path)
    elif path.is_file() and path.suffix.lower() in (".csv", ".tsv"):
        examples, skipped = read_table(path), []
    else:
        what = "not a folder, .csv, .tsv or .json file" if path.exists() else "no such file or folder"
        raise UsageError(f"{path}: {what}")
    labels = sorted({example.label for example in examples})
    if not examples:
        raise UsageError(f"{path}: no image or sound found there")
    if len(labels) == 1:
        raise UsageError(f"{path}: only one class, {labels[0]!r}; two at least are needed (is it one folder further?)")
    if wishes.classes is not None or wishes.ignore is not None:
        raise UsageError(f"{path}: files by class; classes= and ignore= are for boxes and masks")
    if wishes.speaker is not None:
        examples = [replace(example, speaker=_speaker(wishes.speaker, example.file)) for example in examples]
    return examples, skipped


def _speaker(pattern: str, file: Path) -> str:
    try:
        known = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"speaker={pattern!r}: not a regular expression ({error})") from None
    if not known.groups:
        raise UsageError(f"speaker={pattern!r}: put brackets around what names the speaker, as in '_(.*)_'")
    if (found := known.search(file.name)) and found[1]:
        return str(found[1])
    raise UsageError(f"speaker={pattern!r}: says nothing of {file.name!r}; each file's name must hold its speaker")


def fill_labelled(
    path: Path, folder: Path, name: str, examples: list[Example], wishes: Wishes, repairs: Repairs
) -> Filled:
    """Copy the files into ``folder``, the new dataset ``name``. Where repairs are allowed they are noted.

    Raises:
        UsageError: a file cannot be used, images and sounds are mixed, or a class has too few.
        TataraError: the disk is full.
    """
    modality = _modality(path, examples)
    measure = MEASURED[modality][1]
    measured = in_parallel(lambda example: measure(example.file.read_bytes()), examples, f"read {name}")
    found, left_out = _without_broken(path, list(zip(examples, measured, strict=True)), wishes, repairs)
    kept = without_leaks(
        [example.split for example, _ in found], [str(one.digest) for _, one in found],
        [example.file for example, _ in found], repairs,
    )  # fmt: skip
    found = [found[number] for number in kept]
    examples = [example for example, _ in found]
    size = sum(one.bytes for _, one in found)
    need_space(size)
    splits, made = _splits(path, found, wishes)
    classes = _classes(examples)
    places = _copy(examples, splits, folder, name)
    _write_speakers(folder, examples, places)
    by = "by speaker" if _by_speaker(examples) else "stratified by class"
    description = Description(
        modality=modality, kind="classification", format=format_of(modality, "classification"),
        classes=classes, splits=described(made, by, wishes.seed), licence=wishes.licence, source=wishes.source,
    )  # fmt: skip
    counts = _counts(splits, examples, classes)
    return Filled(description, {split: sum(counts[split].values()) for split in SPLITS}, counts, size, left_out)


def _modality(path: Path, examples: list[Example]) -> Modality:
    found = {modality_of(example.file): example.file for example in examples}
    if len(found) > 1:
        first = ", ".join(str(file) for file in found.values())
        raise UsageError(f"{path}: images and sounds in one dataset, such as {first}; make one of each")
    return cast("Modality", next(iter(found)))


def _by_speaker(examples: list[Example]) -> bool:
    """Whether speakers are known, so that none is to be in two splits."""
    return all(example.speaker for example in examples)


def _write_speakers(folder: Path, examples: list[Example], places: list[str]) -> None:
    if not any(example.speaker for example in examples):
        return
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([KEY, "speaker"])
    writer.writerows(sorted((place, example.speaker) for place, example in zip(places, examples, strict=True)))
    (folder / FILE).write_text(stream.getvalue(), encoding="utf-8")


def _without_broken(
    path: Path, found: list[Measured], wishes: Wishes, repairs: Repairs
) -> tuple[list[Measured], list[str]]:
    broken = [f"{example.file}: {one.decode_error}" for example, one in found if one.decode_error]
    refuse_broken(path, broken, wishes.skip_broken or repairs.allowed)
    sound = [pair for pair in found if not pair[1].decode_error]
    if lost := {example.label for example, _ in found} - {example.label for example, _ in sound}:
        raise UsageError(f"{path}: no file of class {min(lost)!r} can be read, first {broken[0]}; mend them")
    return sound, broken


def _splits(path: Path, found: list[Measured], wishes: Wishes) -> tuple[list[Split], tuple[int, int, int]]:
    def make(positions: Sequence[int], ratios: tuple[int, int, int]) -> list[Split]:
        if _by_speaker([example for example, _ in found]):
            return by_group([str(found[number][0].speaker) for number in positions], ratios, wishes.seed)
        labels = [found[number][0].label for number in positions]
        return stratified(labels, [str(found[number][1].digest) for number in positions], ratios, wishes.seed)

    try:
        return completed([example.split for example, _ in found], wishes.ratios, make)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _classes(examples: list[Example]) -> tuple[str, ...]:
    labels = {example.label for example in examples}
    numeric = all(label.isdecimal() for label in labels)
    return tuple(sorted(labels, key=lambda label: (int(label) if numeric else 0, label)))


def _copy(examples: list[Example], splits: list[Split], folder: Path, name: str) -> list[str]:
    """The paths in the dataset that the files have now."""
    places = []
    for example, split in progress(list(zip(examples, splits, strict=True)), len(examples), f"copy {name}"):
        target = folder / split / example.label / example.file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while target.exists():
            number += 1
            target = target.with_name(f"{example.file.stem}-{number}{example.file.suffix}")
        shutil.copyfile(example.file, target)
        places.append(target.relative_to(folder).as_posix())
    return places


def _counts(splits: list[Split], examples: list[Example], classes: tuple[str, ...]) -> dict[str, dict[str, int]]:
    counted = Counter((split, example.label) for split, example in zip(splits, examples, strict=True))
    return {split: {label: counted[split, label] for label in classes} for split in SPLITS}
