"""Pairs of images as a user's files have them: photos that are paired with what is made of them, or two folders."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal
from unicodedata import normalize

from pipelines.datasets.annotated import Repairs, is_image, split_of
from pipelines.datasets.dataset import Split
from pipelines.datasets.entries import entries
from pipelines.datasets.image_folder import refuse_links
from pipelines.datasets.transforms import TRANSFORMS
from tatara.core.errors import UsageError

TARGET_FOLDERS = ("targets", "target", "outputs", "output", "b", "after", "gt", "groundtruth", "truth")
IMAGE_FOLDERS = ("images", "image", "inputs", "input", "a", "before", "photos", "sources", "source")


@dataclass(frozen=True)
class Making:
    """How a photo becomes a pair.

    Attributes:
        transform: name in `pipelines.datasets.transforms.TRANSFORMS`.
        target: which of the two is to be made of the other.
        longest: photos with a longer side are scaled down to it; 0 leaves them.
    """

    transform: str
    target: Literal["photo", "transformed"] = "photo"
    longest: int = 0

    def __post_init__(self) -> None:
        if self.transform not in TRANSFORMS:
            raise UsageError(f"transform={self.transform}: none of {', '.join(TRANSFORMS)}")
        if self.target not in ("photo", "transformed"):
            raise UsageError(
                f"target={self.target}: photo makes photos of what is transformed, transformed the reverse"
            )
        if self.longest and self.longest < 8:
            raise UsageError(f"longest={self.longest}: 8 pixels at least, or 0 to leave photos as they are")

    @property
    def words(self) -> str:
        """What is paired with what."""
        made = f"{self.transform} of photos"
        return f"{made}, the photos as targets" if self.target == "photo" else f"photos, {made} as targets"


@dataclass(frozen=True)
class Pair:
    """One image and its target, which is the file itself where the one is yet to be made of the other."""

    image: Path
    target: Path
    split: Split | None


def photos(root: Path) -> tuple[list[Pair], list[str]]:
    """Every image below ``root``, to be paired with what is made of it; and the files that are none.

    Raises:
        UsageError: there are none.
    """
    files = _files(root)
    found = [path for path in files if is_image(path)]
    if not found:
        raise UsageError(f"{root}: no image there")
    return [Pair(root / path, root / path, split_of(path)) for path in found], sorted(set(files) - set(found))


def pairs(root: Path, repairs: Repairs) -> tuple[list[Pair], list[str]]:
    """The pairs of two folders, such as ``input`` and ``output`` or ``train/A`` and ``train/B``, by the files' stems;
    and the files that are no part of them.

    Raises:
        UsageError: no such folders, an image without a target, or a target without an image.
    """
    files = _files(root)
    images, targets = (_by_place(files, names) for names in (IMAGE_FOLDERS, TARGET_FOLDERS))
    if not images.keys() & targets.keys():
        raise UsageError(
            f"{root}: no two folders of images with the same names; call them images/ and targets/, or name a "
            f"transform to make pairs of photos: transform={'|'.join(TRANSFORMS)}"
        )
    for place in sorted(images.keys() ^ targets.keys()):
        lone, other = (images[place], "target") if place in images else (targets[place], "image")
        repairs.leave_out(f"{root / lone}: has no {other}")
    both = sorted(images.keys() & targets.keys())
    found = [Pair(root / images[place], root / targets[place], split_of(images[place])) for place in both]
    taken = {*(images[place] for place in images), *(targets[place] for place in targets)}
    return found, sorted(set(files) - taken)


def _files(root: Path) -> list[str]:
    if not root.is_dir():
        raise UsageError(f"{root}: no such folder")
    found = entries(root)
    refuse_links(root, found)
    return [entry.path for entry in found]


def _by_place(files: list[str], names: tuple[str, ...]) -> dict[str, str]:
    """Path without its ending and with a star for the folder that has one of ``names`` -> path, of the images."""
    found = {}
    for path in filter(is_image, files):
        parts = PurePosixPath(path).with_suffix("").parts
        named = [number for number, part in enumerate(parts[:-1]) if part.lower() in names]
        if named:
            place = (*parts[: named[-1]], "*", *parts[named[-1] + 1 :])
            found[normalize("NFC", "/".join(place))] = path
    return found
