"""The images of a public dataset, written into splits: test as given, valid taken from train, no image in two."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.datasets.catalogue import Picture, Source
from pipelines.datasets.dataset import SPLITS, Description, Split, write_description
from pipelines.datasets.splitting import stratified
from tatara.core.files import sha256_bytes
from tatara.core.progress import progress

SEED = 0
RATIOS = (8, 1, 1)


@dataclass(frozen=True)
class Placed:
    """One image in the new dataset's folder."""

    path: Path
    split: Split
    label: str
    digest: str
    bytes: int


def arrange(source: Source, pictures: Iterable[Picture], folder: Path, place: str) -> tuple[list[Placed], list[str]]:
    """Write ``pictures`` and ``dataset.yaml`` into ``folder``.

    Args:
        source: what they are.
        pictures: the images, in the authors' order.
        folder: an empty one.
        place: where they were downloaded from, for the description.

    Returns:
        The images as they lie there, and one line for each kind of image that was left out.
    """
    placed, left_out = _without_doubles(_write(source, pictures, folder))
    placed = _split(source, placed, folder)
    write_description(folder, _description(source, left_out, place))
    return placed, left_out


def _write(source: Source, pictures: Iterable[Picture], folder: Path) -> list[Placed]:
    placed = []
    for picture in progress(pictures, source.images, f"convert {source.name}"):
        path = folder / picture.split / picture.label / picture.file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(picture.content)
        digest, size = sha256_bytes(picture.content), len(picture.content)
        placed.append(Placed(path, picture.split, picture.label, digest, size))
    return placed


def _without_doubles(placed: list[Placed]) -> tuple[list[Placed], list[str]]:
    """Leave out of train what is in test too, or has two labels there: either would flatter or confuse a model."""
    test = {one.digest for one in placed if one.split == "test"}
    labels: dict[str, set[str]] = {}
    for one in placed:
        labels.setdefault(one.digest, set()).add(one.label)
    kept, reasons = [], Counter[str]()
    for one in placed:
        if one.split == "train" and one.digest in test:
            reasons["of train that are in test too"] += 1
        elif one.split == "train" and len(labels[one.digest]) > 1:
            reasons["of train that have two labels"] += 1
        else:
            kept.append(one)
            continue
        one.path.unlink()
    return kept, [f"{count} image(s) {reason}" for reason, count in sorted(reasons.items())]


def _ratios(source: Source) -> tuple[int, int, int]:
    return (RATIOS[0], RATIOS[1], 0 if source.test_given else RATIOS[2])


def _split(source: Source, placed: list[Placed], folder: Path) -> list[Placed]:
    """Take valid, and test where none is given, from train."""
    train = [one for one in placed if one.split == "train"]
    made = stratified([one.label for one in train], [one.digest for one in train], _ratios(source), SEED)
    moved = []
    for one, split in zip(train, made, strict=True):
        path = folder / split / one.label / one.path.name
        if split != "train":
            path.parent.mkdir(parents=True, exist_ok=True)
            one.path.rename(path)
        moved.append(replace(one, path=path, split=split))
    return [*moved, *(one for one in placed if one.split == "test")]


def _description(source: Source, left_out: list[str], place: str) -> Description:
    how = f"stratified by class, seed {SEED}, {':'.join(str(ratio) for ratio in _ratios(source) if ratio)}"
    notes = [source.notes, *(f"Left out: {line}." for line in left_out)]
    return Description(
        modality="image",
        kind="classification",
        format="image-folder",
        classes=source.classes,
        splits={split: "given" if split == "test" and source.test_given else how for split in SPLITS},
        licence=source.licence,
        source=f"{source.title}, {source.page}, from {place}",
        citation=source.citation,
        notes=" ".join(filter(None, notes)) or None,
        hierarchy=source.hierarchy,
    )
