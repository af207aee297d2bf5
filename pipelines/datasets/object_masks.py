"""One mask file for each object: ``<id>/images/<file>`` and ``<id>/masks/*``, as in the Data Science Bowl of 2018.

J. Caicedo et al., "Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl", Nature Methods 2019.
"""

from collections import defaultdict
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from pipelines.datasets.annotated import Mark, Picture, Repairs, Rle, Source, folder_of, split_of
from tatara.core.modalities.image import EXTENSIONS

LABEL = "object"
"""The class where the user names none."""


def recognized(files: list[str]) -> bool:
    """Whether the layout is this one, and not folders of images beside folders of label masks of the same names."""
    images, masks = _by_parent(files, "images"), _by_parent(files, "masks")
    both = (images.keys() & masks.keys()) - {"."}
    return any(len(images[folder]) == 1 for folder in both) and not any(
        {PurePosixPath(path).stem for path in images[folder]} & {PurePosixPath(path).stem for path in masks[folder]}
        for folder in both
    )


def read(root: Path, files: list[str], repairs: Repairs, label: str) -> Source:
    """The images and the masks of their objects, which are the pixels that are not 0.

    A folder without ``masks`` is an image without objects where another one beside it has some, else it is left aside.

    Raises:
        UsageError: masks of no image or of several.
    """
    images, masks = _by_parent(files, "images"), _by_parent(files, "masks")
    labelled = {folder_of(folder) for folder in images if folder in masks}
    pictures = []
    for folder in sorted(folder for folder in {*images, *masks} if folder_of(folder) in labelled or folder in masks):
        if len(own := images.get(folder, [])) != 1:
            repairs.leave_out(f"{root / folder}: {len(own)} images in its folder images, where there has to be one")
            continue
        files_of_objects = masks.get(folder, [])
        marks = [Mark(label, None, mask=partial(_encode, root / path)) for path in files_of_objects]
        size = size_of(root / files_of_objects[0]) if files_of_objects else None
        pictures.append(Picture(root / own[0], split_of(own[0]), tuple(marks), size))
    used = {picture.file.relative_to(root).as_posix() for picture in pictures}.union(*masks.values())
    skipped = tuple(sorted(set(files) - used))
    bare = [picture.file for picture in pictures if not picture.marks]
    notes = (f"{len(bare):,} image(s) without a mask show no object, first {bare[0]}",) if bare else ()
    return Source("images with a mask file for each object", "instances", tuple(pictures), (label,), skipped, notes)


def size_of(path: Path) -> tuple[int, int] | None:
    """Width and height of an image by its header, not turned; None where it cannot be read."""
    try:
        with Image.open(path) as image:
            return image.size
    except Exception:  # whatever Pillow's plugins raise; reading the whole says why
        return None


def _by_parent(files: list[str], name: str) -> dict[str, list[str]]:
    """Folder -> the images in its subfolder ``name``."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in files:
        place = PurePosixPath(path)
        if place.parent.name == name and path.lower().endswith(EXTENSIONS):
            found[folder_of(folder_of(path))].append(path)
    return dict(found)


def _encode(path: Path, height: int, width: int) -> Rle:
    from pycocotools import mask

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("L") if image.mode not in ("L", "1", "I;16") else image)
    except Exception as error:  # Pillow's plugins raise OSError, SyntaxError, struct.error, ... on damaged files
        raise ValueError(f"its mask {path} cannot be read ({' '.join(str(error).split())})") from None
    if pixels.shape != (height, width):
        raise ValueError(
            f"its mask {path} is of {pixels.shape[1]} x {pixels.shape[0]} pixels, the image of {width} x {height}"
        )
    rle: Rle = mask.encode(np.asfortranarray(pixels != 0, np.uint8))
    return rle
