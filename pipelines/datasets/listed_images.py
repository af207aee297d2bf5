"""Where the images lie that an annotation file lists by name."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from unicodedata import normalize

from pipelines.datasets.annotated import split_of
from pipelines.datasets.dataset import Split

_Parts = tuple[str, ...]


class ImageFinder:
    """Finds images below a folder by names that may have other folders in front, from another machine too.

    Args:
        images: paths of the images that are there.
        names: all names that will be looked for: a bare name that occurs once is found wherever it lies.
    """

    def __init__(self, images: Iterable[str], names: Iterable[str]) -> None:
        self._images: dict[str, list[str]] = defaultdict(list)
        for image in images:
            self._images[_parts(image)[-1]].append(image)
        self._listed = Counter(_parts(name)[-1] for name in names)

    def find(self, name: str, folder: str, split: Split | None) -> str | None:
        """The image that a file in ``folder``, of ``split``, calls ``name``; None where there is none for certain.

        Of several, the one with most of the name's folders, then near the file, then in a folder of that split.
        """
        parts = _parts(name)
        candidates = self._images.get(parts[-1], [])
        whole = [image for image in candidates if _alike(_parts(image), parts) >= min(len(parts), len(_parts(image)))]
        if not whole and len(candidates) == self._listed[parts[-1]] == 1:
            return candidates[0]
        ranked = sorted((_rank(image, parts, folder, split), image) for image in whole)
        if len(ranked) > 1 and ranked[-1][0] == ranked[-2][0]:
            return None
        return ranked[-1][1] if ranked else None


def _rank(image: str, parts: _Parts, folder: str, split: Split | None) -> tuple[int, bool, bool]:
    near = folder == "." or image.startswith(f"{folder}/")
    return _alike(_parts(image), parts), near and folder != ".", split is not None and split_of(image) == split


def _parts(path: str) -> _Parts:
    """The folders and the name, without what leads nowhere."""
    plain = PurePosixPath(normalize("NFC", path.replace("\\", "/"))).parts
    return tuple(part for part in plain if part not in ("/", "..", ".")) or ("",)


def _alike(one: _Parts, other: _Parts) -> int:
    """How many parts are the same, from the end on."""
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count
