"""``tatara data add``: a user's images, checked and brought under ``data/``."""

import os
import shlex
import shutil
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pipelines.datasets.adopting import need_space, new_dataset
from pipelines.datasets.dataset import SPLITS, Dataset, Description, Split, legal_name, open_dataset, write_description
from pipelines.datasets.image_folder import Example, read_folder
from pipelines.datasets.measuring import Measurements, measure_content
from pipelines.datasets.revision import folder_revision
from pipelines.datasets.splitting import stratified
from pipelines.datasets.table import read_table
from tatara.core.errors import UsageError
from tatara.core.progress import progress


@dataclass(frozen=True)
class Report:
    """What `add` did.

    Attributes:
        dataset, revision: the new dataset.
        counts: split -> class -> files.
        bytes: of all images.
        skipped: files of the source that are no images by their extension.
        left_out: undecodable files that ``skip_broken`` left out, "path: reason" each.
        next_command: what to run now.
    """

    dataset: Dataset
    revision: str
    counts: dict[str, dict[str, int]]
    bytes: int
    skipped: list[str]
    left_out: list[str]
    next_command: str


def add(
    path: Path,
    name: str,
    *,
    seed: int = 0,
    ratios: tuple[int, int, int] = (8, 1, 1),
    skip_broken: bool = False,
    licence: str = "not stated",
    source: str | None = None,
) -> Report:
    """Bring an image folder, or a CSV of paths and labels, under ``data/<name>`` and into ``data.dvc``.

    Splits that are missing are made, stratified by ``seed`` in proportion ``ratios`` (train, valid, test).
    ``skip_broken`` leaves undecodable files out instead of refusing them all.

    Raises:
        UsageError: the source or the name cannot be used; nothing was changed.
        TataraError: the disk is full, or DVC fails; nothing was changed.
    """
    name = legal_name(name, "dataset")
    examples, skipped = _read(path)
    if min(ratios) < 1:
        raise UsageError(f"ratios must be three positive numbers, not {':'.join(map(str, ratios))}")
    with new_dataset(name) as folder:
        measured = _measure(examples, name)
        examples, measured, left_out = _without_broken(path, examples, measured, skip_broken)
        size = sum(one.bytes for one in measured)
        need_space(size)
        splits, how = _splits(path, examples, [str(one.digest) for one in measured], ratios, seed)
        description = _describe(examples, how, licence, source or path.absolute().name)
        _copy(examples, splits, folder, name)
        write_description(folder, description)
        revision = folder_revision(folder)
    return Report(
        open_dataset(name), revision, _counts(splits, examples, description.classes), size, skipped, left_out,
        f"tatara data check {shlex.quote(name)}",
    )  # fmt: skip


def _read(path: Path) -> tuple[list[Example], list[str]]:
    if path.is_dir():
        examples, skipped = read_folder(path)
    elif path.is_file() and path.suffix.lower() in (".csv", ".tsv"):
        examples, skipped = read_table(path), []
    else:
        raise UsageError(f"{path}: {'not a folder, .csv or .tsv file' if path.exists() else 'no such file or folder'}")
    labels = sorted({example.label for example in examples})
    if not examples:
        raise UsageError(f"{path}: no image found there")
    if len(labels) == 1:
        raise UsageError(f"{path}: only one class, {labels[0]!r}; two at least are needed (is it one folder further?)")
    return examples, skipped


def _measure(examples: list[Example], name: str) -> list[Measurements]:
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            results = pool.map(lambda example: measure_content(example.file.read_bytes()), examples)
            return list(progress(results, len(examples), f"read {name}"))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _without_broken(
    path: Path, examples: list[Example], measured: list[Measurements], skip: bool
) -> tuple[list[Example], list[Measurements], list[str]]:
    pairs = list(zip(examples, measured, strict=True))
    broken = [f"{example.file}: {one.decode_error}" for example, one in pairs if one.decode_error]
    if broken and not skip:
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        raise UsageError(
            f"{path}: {len(broken)} file(s) cannot be read: {'; '.join(broken[:3])}{more}; mend them, or leave them "
            "out with skip_broken=true"
        )
    sound = [pair for pair in pairs if not pair[1].decode_error]
    if lost := {example.label for example in examples} - {example.label for example, _ in sound}:
        raise UsageError(f"{path}: no file of class {min(lost)!r} can be read, first {broken[0]}; mend them")
    return [example for example, _ in sound], [one for _, one in sound], broken


def _splits(
    path: Path, examples: list[Example], digests: list[str], ratios: tuple[int, int, int], seed: int
) -> tuple[list[Split], dict[Split, str]]:
    """The split of every example, and how each split came about; missing ones are taken from train."""
    given = {example.split for example in examples}
    if given != {None} and (None in given or "train" not in given):
        raise UsageError(f"{path}: splits are given, but {'not for every file' if None in given else 'no train'}")
    splits: list[Split] = [example.split or "train" for example in examples]
    wanted = (ratios[0], *(0 if split in given else ratio for split, ratio in zip(SPLITS[1:], ratios[1:], strict=True)))
    if not any(wanted[1:]):
        return splits, dict.fromkeys(SPLITS, "given")
    movable = [number for number, split in enumerate(splits) if split == "train"]
    made = stratified([examples[n].label for n in movable], [digests[n] for n in movable], wanted, seed)
    for number, split in zip(movable, made, strict=True):
        splits[number] = split
    how = f"stratified by class, seed {seed}, {':'.join(str(ratio) for ratio in wanted if ratio)}"
    return splits, {split: how if ratio else "given" for split, ratio in zip(SPLITS, wanted, strict=True)}


def _describe(examples: list[Example], how: dict[Split, str], licence: str, source: str) -> Description:
    labels = {example.label for example in examples}
    numeric = all(label.isdecimal() for label in labels)
    ordered = sorted(labels, key=lambda label: (int(label) if numeric else 0, label))
    return Description(
        modality="image", kind="classification", format="image-folder", classes=tuple(ordered), splits=how,
        licence=licence, source=source,
    )  # fmt: skip


def _copy(examples: list[Example], splits: list[Split], folder: Path, name: str) -> None:
    for example, split in progress(list(zip(examples, splits, strict=True)), len(examples), f"copy {name}"):
        target = folder / split / example.label / example.file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while target.exists():
            number += 1
            target = target.with_name(f"{example.file.stem}-{number}{example.file.suffix}")
        shutil.copyfile(example.file, target)


def _counts(splits: Sequence[Split], examples: list[Example], classes: Sequence[str]) -> dict[str, dict[str, int]]:
    counted = Counter((split, example.label) for split, example in zip(splits, examples, strict=True))
    return {split: {label: counted[split, label] for label in classes} for split in SPLITS}
