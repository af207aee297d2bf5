"""The index: one row an image or a sound, with the measurements that validation rules are written on."""

from dataclasses import asdict, fields
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.datasets.dataset import ANNOTATIONS, BY_CLASS, DESCRIPTION, IMAGES, LABELS, TARGETS, Dataset
from pipelines.datasets.entries import Entry, entries
from pipelines.datasets.measured import measured
from pipelines.datasets.measuring import (
    MEASURED,
    MaskMeasurements,
    PairedMeasurements,
    measure_mask,
    measure_paired,
)
from pipelines.datasets.own_columns import FILE, own_columns
from tatara.core.modalities import image, modality_module

if TYPE_CHECKING:
    import pandas

VERSION = f"2-{image.DECODER}"
"""Of the measurements' meaning of what lies beside images; a stored table of another version is not read."""

COLUMNS = {
    "image": (
        "path", "split", "label", "width", "height", "mode", "bytes", "digest", "decode_error",
        "brightness_mean", "brightness_deviation", "perceptual_hash",
    ),
    "audio": (
        "path", "split", "label", "seconds", "rate", "channels", "encoding", "bytes", "digest", "decode_error",
        "peak", "rms", "clipped", "silent", "sound",
    ),
}  # fmt: skip
"""By modality."""
MASK_COLUMNS = ("mask", *(f"mask_{field.name}" for field in fields(MaskMeasurements)))
TARGET_COLUMNS = ("image_pixels", "target", *(f"target_{field.name}" for field in fields(PairedMeasurements)))
_NUMBERS = (
    "width", "height", "brightness_mean", "brightness_deviation",
    "mask_width", "mask_height", "target_width", "target_height",
    "seconds", "rate", "channels", "peak", "rms", "clipped", "silent",
)  # fmt: skip


def build_index(dataset: Dataset) -> "pandas.DataFrame":
    """The dataset's index, one row an image, sorted by ``path``, with a RangeIndex.

    Columns: ``path`` (relative, POSIX), ``split``, ``label`` (the class folder of classification, else ""), ``width``
    and ``height`` (float, pixels), ``mode`` (Pillow's), ``bytes``, ``digest`` (SHA-256 of the file), ``decode_error``
    (None, or one line), ``brightness_mean``, ``brightness_deviation`` (luma, 0..255), ``perceptual_hash`` (64-bit
    difference hash, 16 hexadecimal digits). Where ``decode_error`` is set, numbers are NaN and text None. Symbolic
    links are not followed: they have a ``decode_error`` and no ``digest``.

    A dataset of sounds has, in place of the columns from ``width`` on, the fields of `SoundMeasurements`.

    A dataset of label masks has more columns: ``mask``, the path of ``<split>/labels/<stem>.png`` or None, and the
    fields of `MaskMeasurements` as ``mask_digest`` and so on. One of pairs has ``target``, the path of the image of the
    same stem in ``<split>/targets`` or None, the fields of `PairedMeasurements` as ``target_digest`` and so on, and
    ``image_pixels``, which is ``target_pixels`` of the image itself. A dataset with a ``columns.csv`` has those of that
    file, as text, see `pipelines.datasets.own_columns`.

    Every file that is neither of these, ``dataset.yaml`` nor an annotation has a row, so that no file goes unseen.
    """
    found = [entry for entry in entries(dataset.folder) if entry.path not in (DESCRIPTION, FILE)]
    masks = label_masks(found) if dataset.description.format == "label-masks" else {}
    pairs = targets(found) if dataset.description.format == "image-pairs" else {}
    taken = {one.path for one in (*masks.values(), *pairs.values())} | set(annotation_files(dataset))
    images = [entry for entry in found if entry.path not in taken]
    modality = dataset.description.modality
    record, measure = MEASURED[modality]
    rows = measured(dataset, images, record, measure, f"2-{modality_module(modality).DECODER}")
    for row in rows:
        row["split"], row["label"] = _split_and_label(dataset, row["path"])
    frame = _frame(rows, COLUMNS[modality])
    if dataset.description.format == "label-masks":
        frame = frame.join(_mask_frame(dataset, images, masks))
    if dataset.description.format == "image-pairs":
        frame = frame.join(_target_frame(dataset, images, pairs))
    return frame.join(own_columns(dataset, frame["path"], frame.columns))


def beside(index: "pandas.DataFrame") -> dict[str, str | None]:
    """Path -> digest of the files of an index that lie beside its images: label masks, or targets."""
    for name in ("mask", "target"):
        if name in index:
            there = index[index[name].notna()]
            return dict(zip(there[name], there[f"{name}_digest"], strict=True))
    return {}


def annotation_files(dataset: Dataset) -> list[str]:
    """Paths at which COCO annotations lie in ``dataset``, whether they are there or not."""
    if dataset.description.format != "coco":
        return []
    return [f"{split}/{ANNOTATIONS}" for split in dataset.description.splits]


def label_masks(found: list[Entry]) -> dict[str, Entry]:
    """Image path -> the label mask of its stem; a mask of no image is in no row of the index but its own."""
    by_path = {entry.path: entry for entry in found}
    pairs = {entry.path: _mask_path(entry.path) for entry in found}
    return {path: by_path[mask] for path, mask in pairs.items() if mask in by_path}


def targets(found: list[Entry]) -> dict[str, Entry]:
    """Image path -> the target of its stem; a target of no image is in no row of the index but its own."""
    by_place = {_place(entry.path): entry for entry in found}
    pairs = {
        entry.path: by_place.get((split, TARGETS, stem))
        for entry in found
        for split, folder, stem in [_place(entry.path)]
        if folder == IMAGES
    }
    return {path: target for path, target in pairs.items() if target is not None}


def _place(path: str) -> tuple[str, str, str]:
    """Split, folder within it and what a pair has in common, the name without its ending."""
    split, folder, name = (*path.split("/", 2), "", "")[:3]
    return split, folder, str(PurePosixPath(name).with_suffix("")) if name else ""


def _mask_path(path: str) -> str | None:
    split, folder, stem = _place(path)
    return f"{split}/{LABELS}/{stem}.png" if folder == IMAGES and stem else None


def _split_and_label(dataset: Dataset, path: str) -> tuple[str, str]:
    split, label, *_ = (*path.split("/")[:-1], "", "")
    return split, label if dataset.description.format in BY_CLASS else ""


def _mask_frame(dataset: Dataset, images: list[Entry], masks: dict[str, Entry]) -> "pandas.DataFrame":
    """A row for each of ``images``; two images of one stem share their mask."""
    distinct = list({mask.path: mask for mask in masks.values()}.values())
    rows = measured(dataset, distinct, MaskMeasurements, measure_mask, f"masks-{VERSION}")
    by_path = {row["path"]: {"mask": row["path"]} | _prefixed(row) for row in rows}
    absent = {"mask": None} | _prefixed(asdict(MaskMeasurements(None)))
    return _frame([by_path[masks[i.path].path] if i.path in masks else absent for i in images], MASK_COLUMNS)


def _target_frame(dataset: Dataset, images: list[Entry], pairs: dict[str, Entry]) -> "pandas.DataFrame":
    """A row for each of ``images``; two images of one stem share their target."""
    both = list({entry.path: entry for entry in (*images, *pairs.values())}.values())
    by_path = {
        row["path"]: row for row in measured(dataset, both, PairedMeasurements, measure_paired, f"pairs-{VERSION}")
    }
    absent = asdict(PairedMeasurements(None))
    rows = []
    for one in images:
        target = by_path[pairs[one.path].path] if one.path in pairs else {"path": None, **absent}
        row = {f"target_{name}": value for name, value in target.items()}
        rows.append({**row, "target": target["path"], "image_pixels": by_path[one.path]["pixels"]})
    return _frame(rows, TARGET_COLUMNS)


def _prefixed(row: dict[str, Any]) -> dict[str, Any]:
    return {f"mask_{name}": value for name, value in row.items()}


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> "pandas.DataFrame":
    """A table whose numbers are floats with NaN and whose texts are objects with None."""
    import pandas

    frame = pandas.DataFrame(rows, columns=[*columns])
    for name in columns:
        if name in _NUMBERS:
            frame[name] = frame[name].astype(np.float64)
        elif name != "bytes":
            column = frame[name].astype(object)
            frame[name] = column.where(column.notna(), None)
    return frame
