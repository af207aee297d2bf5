"""Which image has which label mask, as the names of folders and files tell.

Folders pair as ``images`` and ``labels``, ``image/val`` and ``label/val``, ``train`` and ``trainannot``, VOC's
``JPEGImages`` and ``SegmentationClass``, or are one, with ``_mask`` behind the masks' names. The files of a pair have
one stem, perhaps with such a word behind the mask's.
"""

import re
from collections import defaultdict
from pathlib import PurePosixPath
from unicodedata import normalize

from pipelines.datasets.annotated import folder_of, is_image

IMAGES = ("images", "image", "imgs", "img", "jpegimages", "photos", "inputs", "input")
LABELS = (
    "labels", "label", "masks", "mask", "annotations", "annotation", "annots", "annot", "segmentationclass",
    "segmentation", "segmentations", "targets", "target", "gt", "groundtruth",
)  # fmt: skip
_BEHIND = re.compile(rf"[ _-]?(?:{'|'.join(sorted(LABELS, key=len, reverse=True))})$|[ _-](?:seg|l|p)$", re.IGNORECASE)


def pairs(files: list[str]) -> dict[str, str]:
    """Image -> its label mask."""
    by_folder: dict[str, list[str]] = defaultdict(list)
    for path in files:
        if is_image(path):
            by_folder[folder_of(path)].append(path)
    found: dict[str, str] = {}
    for folder, others in _partners(sorted(by_folder)).items():
        for other in others:
            found |= _matched(by_folder[folder], by_folder[other])
    return {image: mask for image, mask in found.items() if image not in found.values()}


def _partners(folders: list[str]) -> dict[str, list[str]]:
    """Folder of images -> folders that may hold its masks, itself last."""
    by_key: dict[str, list[str]] = defaultdict(list)
    for folder in folders:
        for key in {_key(folder, LABELS), _BEHIND.sub("", folder)} - {folder.lower(), folder}:
            by_key[key].append(folder)
    return {folder: [*by_key[_key(folder, IMAGES)], *by_key[folder], folder] for folder in folders}


def _key(folder: str, words: tuple[str, ...]) -> str:
    """The folder in lower case with a star for each of ``words`` in it."""
    parts = [re.split(r"([ _-])", part) for part in folder.lower().split("/")]
    return "/".join("".join("*" if word in words else word for word in part) for part in parts)


def _matched(images: list[str], masks: list[str]) -> dict[str, str]:
    """Image -> mask, if at least half of the fewer ones match."""
    same = images == masks
    by_stem = {} if same else {_stem(mask): mask for mask in masks}
    for mask in masks:
        if (shorter := _BEHIND.sub("", _stem(mask))) != _stem(mask):
            by_stem.setdefault(shorter, mask)
    found = {image: by_stem[_stem(image)] for image in images if _stem(image) in by_stem}
    fewer = len(images) - len(found) if same else min(len(images), len(masks))
    return found if 2 * len(found) >= fewer else {}


def _stem(path: str) -> str:
    return normalize("NFC", PurePosixPath(path).stem)
