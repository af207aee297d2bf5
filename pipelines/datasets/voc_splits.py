"""The splits of a VOC folder: the lists in ``ImageSets/Main``, else folders named train, valid and test."""

from collections import defaultdict
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from pipelines.datasets.annotated import Repairs, split_of
from pipelines.datasets.dataset import SPLITS, Split
from pipelines.datasets.image_folder import SPLIT_NAMES
from tatara.core.errors import UsageError


def given_splits(
    root: Path, files: list[str], images: list[str], repairs: Repairs, task: str = "Main"
) -> dict[str, Split | None]:
    """Image -> split (None where none is given), in the order of ``images``; where there are lists, those listed.

    ``task`` is the folder of the lists in ``ImageSets``.

    Raises:
        UsageError: a list names an image that is not there, or that another split's list names too.
    """
    lists = _lists(files, task)
    if not lists:
        return {image: split_of(image) for image in images}
    found: dict[str, Split | None] = {}
    for split in reversed(SPLITS):  # with repair=true an image stays in test, then in valid
        for path in lists.get(split, []):
            by_stem = _by_stem(images, path.split("ImageSets/")[0])
            for line in _lines(root / path):
                if (image := _listed(root / path, line, by_stem)) is None:
                    repairs.leave_out(f"{root / path}: {line!r}, of which there is no image")
                elif found.setdefault(image, split) != split:
                    repairs.leave_out(f"{root / path}: {line!r}, which is in the list of {found[image]} too")
    return {image: found[image] for image in images if image in found}


def _lists(files: list[str], task: str) -> dict[Split, list[str]]:
    """Split -> its lists; ``trainval`` is taken for train where there is no ``train``."""
    places = [path for path in files if PurePosixPath(path).match(f"ImageSets/{task}/*.txt")]
    places = places or [path for path in files if PurePosixPath(path).match("ImageSets/*.txt")]
    lists: dict[Split, list[str]] = defaultdict(list)
    for path in places:
        stem = PurePosixPath(path).stem.lower()
        name = "train" if stem == "trainval" and str(PurePosixPath(path).with_name("train.txt")) not in places else stem
        if name in SPLIT_NAMES:
            lists[SPLIT_NAMES[name]].append(path)
    return lists


def _by_stem(images: list[str], place: str) -> dict[str, list[str]]:
    """The images below ``place`` by their stem."""
    found: dict[str, list[str]] = defaultdict(list)
    for image in images:
        if image.startswith(place):
            found[normalize("NFC", PurePosixPath(image).stem)].append(image)
    return found


def _lines(path: Path) -> list[str]:
    try:
        lines = normalize("NFC", path.read_text(encoding="utf-8-sig")).splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    return [line.strip() for line in lines if line.strip()]


def _listed(path: Path, line: str, by_stem: dict[str, list[str]]) -> str | None:
    """The image that a line names, by its stem or as a file with or without folders."""
    name = PurePosixPath(line.replace("\\", "/")).name
    found = by_stem.get(name) or by_stem.get(PurePosixPath(name).stem, [])
    if len(found) > 1:
        raise UsageError(f"{path}: {line!r} may be {found[0]!r} and {found[1]!r}; rename one")
    return found[0] if found else None
