"""Images beside label masks: image files whose values are the classes of the pixels."""

import re
from pathlib import Path, PurePosixPath

from pipelines.datasets import legend
from pipelines.datasets.annotated import Picture, Repairs, Source, folder_of, is_image
from pipelines.datasets.mask_pairs import pairs
from pipelines.datasets.object_masks import size_of
from pipelines.datasets.voc_splits import given_splits
from tatara.core.errors import UsageError

LOSSLESS = (".bmp", ".gif", ".png", ".tif", ".tiff")
NAME_FILES = ("classes.txt", "class_names.txt", "codes.txt")
SAMPLES, MOST_VALUES = 3, 64
"""How many masks are looked at, and how many values one may have, to tell it from a picture."""


def recognized(root: Path, files: list[str]) -> bool:
    """Whether there are pairs of images and masks by name whose masks look like masks."""
    found = sorted(set(pairs(files).values()))
    return bool(found) and all(_few_values(root / path) for path in found[:: -(-len(found) // SAMPLES)])


def read(root: Path, files: list[str], repairs: Repairs) -> Source:
    """The images with their label masks. Folders in which no image has one are left aside.

    An image without a mask, in a folder where others have theirs, comes without: validation names it.

    Raises:
        UsageError: a mask without an image, one of a lossy format, an unreadable file of class names or colours.
    """
    found = pairs(files)
    masks = set(found.values())
    _refuse_lossy(root, sorted(masks))
    with_images, with_masks = ({folder_of(path) for path in paths} for paths in (found, masks))
    images = [path for path in files if folder_of(path) in with_images and is_image(path) and path not in masks]
    if any(PurePosixPath(folder).name == "SegmentationClass" for folder in with_masks):
        images = [image for image in images if image in found]  # a part of VOC's images is segmented
    for path in files:
        if folder_of(path) in with_masks - with_images and is_image(path) and path not in masks:
            repairs.leave_out(f"{root / path}: a mask without an image")
    splits = given_splits(root, files, images, repairs, task="Segmentation")
    colours = legend.read(root, files)
    pictures = []
    for image, split in splits.items():
        mask = root / found[image] if image in found else None
        pictures.append(Picture(root / image, split, size=size_of(mask) if mask else None, mask=mask, legend=colours))
    names = colours.classes if colours else _class_names(root, files)
    read = {path for path in files if "ImageSets" in path.split("/") or _name(path) in (*NAME_FILES, *legend.FILES)}
    skipped = tuple(sorted(set(files) - masks - splits.keys() - read))
    return Source("images with label masks", "segmentation", tuple(pictures), names, skipped)


def _name(path: str) -> str:
    return PurePosixPath(path).name.lower()


def _few_values(path: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(path) as image:
            colours = image.convert("RGB").getcolors(MOST_VALUES)
    except Exception:  # whatever Pillow's plugins raise; reading the whole says why
        return True
    return colours is not None


def _refuse_lossy(root: Path, masks: list[str]) -> None:
    if lossy := [path for path in masks if not path.lower().endswith(LOSSLESS)]:
        raise UsageError(
            f"{root / lossy[0]}: a label mask as {PurePosixPath(lossy[0]).suffix[1:].upper()}, which changes its "
            "values; export the masks as PNG"
        )


def _class_names(root: Path, files: list[str]) -> tuple[str, ...] | None:
    """Names by value from a text file of one name a line, perhaps behind its value."""
    found = [path for path in files if _name(path) in NAME_FILES]
    if not found:
        return None
    path = root / min(found, key=lambda path: (path.count("/"), path))
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    numbered = [re.fullmatch(r"(\d{1,3})[\s:,;]+(.+)", line) for line in lines]
    if not all(numbered):
        return tuple(lines)
    names = {int(match[1]): match[2] for match in numbered if match}
    return tuple(names.get(value, f"class {value}") for value in range(max(names) + 1))
