"""Which format a user's files are in, told from the files themselves."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from pipelines.datasets import cityscapes, coco, label_masks, object_masks, voc, voc_objects
from pipelines.datasets.annotated import Repairs, Source
from pipelines.datasets.dataset import Kind
from pipelines.datasets.entries import entries
from pipelines.datasets.image_folder import refuse_links
from pipelines.datasets.mask_pairs import pairs
from tatara.core.errors import UsageError

WORDS: dict[Kind, str] = {
    "classification": "a folder of images or sounds for each class, or a CSV",
    "detection": "PASCAL VOC's XML or COCO's JSON beside the images",
    "segmentation": "a folder of images and one of label masks, such as images/ and labels/ (a dataset of instances "
    "serves it too)",
    "image": "a folder of photos and a transform, or two folders of images with the same names",
    "instances": "COCO's JSON with a mask for each object, or a folder of mask files for each image",
}
"""What each kind of dataset is made from."""


def recognize(path: Path, kind: Kind | None, repairs: Repairs, label: Sequence[str] | None = None) -> Source | None:
    """The annotated images at ``path``; None for what can only be images by class: a folder or a table.

    Args:
        path: a folder, or a COCO JSON.
        kind: the only one that is looked for, any by default.
        repairs: what to do with annotations that cannot be read.
        label: the class of objects that have a mask file each, where the user names it.

    Raises:
        UsageError: the files are in no format of that kind, or cannot be read.
    """
    if kind is not None and kind not in get_args(Kind):
        raise UsageError(f"kind={kind}: none of {', '.join(get_args(Kind))}")
    if kind == "classification" or not (path.is_dir() or path.suffix.lower() == ".json"):
        return None
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    source = _read(path, kind, repairs, label)
    if source is None:
        if kind is not None or path.is_file():
            raise UsageError(f"{path}: not a dataset of {kind or 'detection'}, which is {WORDS[kind or 'detection']}")
        return None
    if not source.pictures:
        raise UsageError(f"{path}: {source.layout}, but no image found there")
    return source


def _read(path: Path, kind: Kind | None, repairs: Repairs, label: Sequence[str] | None) -> Source | None:
    root = path if path.is_dir() else path.parent
    if path.is_file() and root.name.lower() == "annotations":
        root = root.parent
    found = entries(root)
    refuse_links(root, found)
    files = [entry.path for entry in found]
    if kind in (None, "detection", "instances"):
        if listed := coco.annotations(root, files if path.is_dir() else [path.relative_to(root).as_posix()]):
            return _of_kind(path, coco.read(root, files, listed, repairs), kind)
        if voc.annotations(root, files) and kind != "instances":
            return voc.read(root, files, repairs)
        if kind == "instances" and voc_objects.masks(files):
            return voc_objects.read(root, files, repairs)
        if object_masks.recognized(files):
            if label is not None and len(label) != 1:
                raise UsageError(f"{path}: mask files of objects are of one class; classes= names {len(label)}")
            source = object_masks.read(root, files, repairs, label[0] if label else object_masks.LABEL)
            return _of_kind(path, source, kind)
    if kind in (None, "segmentation") and cityscapes.pairs(files):
        return cityscapes.read(root, files)
    if kind == "segmentation" or (kind is None and label_masks.recognized(root, files)):
        return label_masks.read(root, files, repairs) if pairs(files) else None
    return None


def _of_kind(path: Path, source: Source, kind: Kind | None) -> Source:
    """The source as ``kind``: boxes can be had of masks, masks of boxes cannot."""
    bare = [(picture.file, mark) for picture in source.pictures for mark in picture.marks if mark.mask is None]
    marks = sum(len(picture.marks) for picture in source.pictures)
    if kind == "instances" and source.kind != kind:
        raise UsageError(f"{path}: {len(bare):,} of {marks:,} objects have no mask; kind=detection takes their boxes")
    if kind is None and bare and len(bare) < marks:
        file, mark = bare[0]
        note = f"{len(bare):,} of {marks:,} objects have no mask, first a {mark.label} in {file}: only boxes were taken"
        return replace(source, notes=(*source.notes, note))
    return source if kind is None else replace(source, kind=kind)
