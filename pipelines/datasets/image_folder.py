"""A user's folder of images or sounds: ``<class>/<file>`` or ``<split>/<class>/<file>``."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.datasets.dataset import Split, legal_name
from pipelines.datasets.entries import Entry, entries
from tatara.core.errors import UsageError
from tatara.core.modalities import MODALITIES, modality_module

SPLIT_NAMES: dict[str, Split] = {
    "train": "train", "training": "train", "valid": "valid", "val": "valid", "validation": "valid",
    "test": "test", "testing": "test",
}  # fmt: skip
"""What users call the splits, in lower case."""


@dataclass(frozen=True)
class Example:
    """One file of a user's, its label, and its split and speaker where the user gave them."""

    file: Path
    label: str
    split: Split | None
    speaker: str | None = None


def read_folder(root: Path) -> tuple[list[Example], list[str]]:
    """The examples below ``root``, and the paths of the files that are none by their extension.

    Of images and sounds the more numerous are the examples.

    Files may lie deeper than their class folder; hidden ones are ignored. Splits may be named train or training;
    valid, val or validation; test or testing.

    Raises:
        UsageError: an image without a label, an empty class, a link that leads out of ``root``, an illegal name.
    """
    found = entries(root)
    refuse_links(root, found)
    known = {one: modality_module(one).EXTENSIONS for one in MODALITIES}
    by_modality = {
        one: [entry.path for entry in found if entry.path.lower().endswith(endings)] for one, endings in known.items()
    }
    images = max(by_modality.values(), key=len)
    skipped = sorted({entry.path for entry in found} - set(images))
    splits = _split_folders(root)
    depth = 2 if splits else 1
    if loose := [path for path in images if path.count("/") < depth]:
        raise UsageError(
            f"{root}: {len(loose)} file(s) without a label, first {loose[0]!r}; put each into a folder named by its "
            f"class{' inside its split' if splits else ''}"
        )
    _refuse_empty_classes(root, images, list(splits))
    examples = []
    for path in images:
        top, *_ = parts = path.split("/")
        examples.append(Example(root / path, legal_name(parts[depth - 1], "class"), splits.get(top)))
    return examples, skipped


def _split_folders(root: Path) -> dict[str, Split]:
    """Folder name -> split where ``root`` is laid out by splits, else nothing.

    ``train`` may also be a class: only a folder that holds folders is taken for a split.
    """
    folders = [path for path in _subfolders(root) if any(_subfolders(path))]
    splits = {path.name: SPLIT_NAMES[path.name.lower()] for path in folders if path.name.lower() in SPLIT_NAMES}
    if not splits:
        return {}
    for path in _subfolders(root):
        if path.name not in splits and path.name.lower() in SPLIT_NAMES:
            raise UsageError(f"{path}: no class folders in it; images without labels cannot be used, leave it out")
        if path.name not in splits:
            raise UsageError(f"{path}: lies beside the splits {', '.join(splits)}; is it a class or a split?")
    if len(set(splits.values())) < len(splits):
        raise UsageError(f"{root}: two folders name one split ({', '.join(splits)}); leave one")
    return splits


def _refuse_empty_classes(root: Path, images: list[str], splits: list[str]) -> None:
    filled = {tuple(path.split("/")[: 2 if splits else 1]) for path in images}
    for parent in [root / split for split in splits] or [root]:
        for folder in _subfolders(parent):
            if folder.relative_to(root).parts not in filled:
                raise UsageError(f"{folder}: a class without an example; fill the folder or remove it")


def refuse_links(root: Path, found: list[Entry]) -> None:
    """Refuse symbolic links to folders, and out of ``root``.

    Raises:
        UsageError: there is one.
    """
    inside = root.resolve()
    for entry in found:
        path = root / entry.path
        if entry.link is not None and not (path.is_file() and path.resolve().is_relative_to(inside)):
            raise UsageError(f"{path}: a symbolic link to {entry.link}, not to a file in {root}; put the file there")


def _subfolders(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith("."))
