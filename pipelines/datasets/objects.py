"""The objects of a dataset in COCO's format: one row an object, read from the splits' ``annotations.json``."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from pipelines.datasets.dataset import ANNOTATIONS, IMAGES, Dataset
from pipelines.datasets.entries import entries
from pipelines.datasets.index import annotation_files
from pipelines.datasets.measured import cache_place, stamp
from pipelines.datasets.run_lengths import run_lengths
from tatara.core.errors import TataraError
from tatara.core.files import digest, whole_directory

if TYPE_CHECKING:
    import pandas

VERSION = "1"
"""Of the columns' meaning; stored tables of another version are not read."""
COLUMNS = ("path", "object", "label", "x_min", "y_min", "x_max", "y_max", "area", "crowd", "rle", "mask_error")
LISTING_COLUMNS = ("path", "listed_width", "listed_height")

_Number = Annotated[float, Field(allow_inf_nan=False)]


class _Image(BaseModel):
    id: int
    file_name: str
    width: int
    height: int


class _Category(BaseModel):
    id: int
    name: str


class _Annotation(BaseModel):
    image_id: int
    category_id: int
    bbox: tuple[_Number, _Number, _Number, _Number]
    iscrowd: bool = False
    segmentation: Any = None


class _File(BaseModel):
    """What is read of COCO's schema; further fields are left alone."""

    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Annotation]


@dataclass(frozen=True)
class Annotations:
    """What the annotation files of a dataset say.

    Attributes:
        objects: as `build_objects` gives it.
        listings: one row an image that a file lists, sorted by ``path``: ``path``, ``listed_width``,
            ``listed_height`` (float, pixels of the upright image, as the file has them).
    """

    objects: "pandas.DataFrame"
    listings: "pandas.DataFrame"


def build_objects(dataset: Dataset) -> "pandas.DataFrame":
    """The objects of a dataset in COCO's format, one row each, sorted by ``path`` and ``object``, with a RangeIndex.

    Columns: ``path`` of the image, ``object`` (0.. within the image, in the file's order), ``label``, ``x_min``,
    ``y_min``, ``x_max``, ``y_max`` (float64, pixels of the upright image, the maxima exclusive, as they were written,
    outside the image too), ``area`` (float64, square pixels: of the mask where there is one, else of the box),
    ``crowd`` (bool), ``rle`` (the mask as COCO's compressed counts over the image's height and width, or None),
    ``mask_error`` (None, or why the mask that is there cannot be used; ``rle`` is then None).

    Raises:
        TataraError: as `read_annotations`.
    """
    return read_annotations(dataset).objects


def read_annotations(dataset: Dataset) -> Annotations:
    """What the annotation files say, kept under the state root until one of them changes.

    Raises:
        TataraError: a file is a link, is not COCO's JSON, contradicts itself, or lists an image that is not there.
    """
    found = {entry.path: entry for entry in entries(dataset.folder)}
    files = [path for path in annotation_files(dataset) if path in found]
    for path in files:
        if (link := found[path].link) is not None:  # the revision would not change with what it leads to
            raise TataraError(f"{dataset.folder / path}: a symbolic link to {link}; put the file itself there")
    state = digest([VERSION, {path: stamp(found[path]) for path in files}])[:16]
    folder = cache_place(dataset, "objects", state)
    annotations = _stored(folder)
    if annotations is None:
        annotations = _tables([_read(dataset.folder, path) for path in files])
        _store(annotations, folder)
    _refuse_absent(dataset, annotations.listings["path"], found)
    return annotations


def _stored(folder: Path) -> Annotations | None:
    """The stored tables; damaged or missing ones are as good as none."""
    import pandas
    import pyarrow

    try:
        objects, listings = (pandas.read_parquet(folder / f"{name}.parquet") for name in ("objects", "listings"))
    except (OSError, pyarrow.ArrowException):
        return None
    return Annotations(_typed(objects), listings)


def _store(annotations: Annotations, folder: Path) -> None:
    place = folder.name.split("-")[0]
    for earlier in folder.parent.glob(f"{place}-*"):
        shutil.rmtree(earlier, ignore_errors=True)
    with whole_directory(folder) as temporary:
        annotations.objects.to_parquet(temporary / "objects.parquet", index=False)
        annotations.listings.to_parquet(temporary / "listings.parquet", index=False)


def _refuse_absent(dataset: Dataset, listed: "pandas.Series[str]", found: Any) -> None:
    if absent := [path for path in listed if path not in found]:
        split, name = absent[0].split("/", 1)
        raise TataraError(
            f"{dataset.folder / split / ANNOTATIONS}: lists {name!r}, which is not there ({len(absent)} such "
            "image(s) in all); add the image or take it out of the file"
        )


_Rows = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def _read(root: Path, path: str) -> _Rows:
    """Rows of objects and of listings of one split's file."""
    try:
        content = _File.model_validate_json((root / path).read_bytes())
    except OSError as error:
        raise TataraError(f"{root / path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TataraError(f"{root / path}: not COCO's JSON: {where + ': ' if where else ''}{first['msg']}") from None
    split = path.split("/")[0]
    for what, values in (
        ("image id", [image.id for image in content.images]),
        ("file_name", [image.file_name for image in content.images]),
        ("category id", [category.id for category in content.categories]),
    ):
        if (twice := _repeated(values)) is not None:
            raise TataraError(f"{root / path}: {what} {twice!r} is there twice; each may be there once")
    images = {image.id: image for image in content.images}
    names = {category.id: category.name for category in content.categories}
    objects = []
    for annotation in content.annotations:
        if (image := images.get(annotation.image_id)) is None:
            raise TataraError(f"{root / path}: an annotation names image id {annotation.image_id}, which is not listed")
        label = names.get(annotation.category_id, f"(category {annotation.category_id})")
        objects.append({"path": f"{split}/{IMAGES}/{image.file_name}", "label": label} | _object(annotation, image))
    listings = [
        {"path": f"{split}/{IMAGES}/{i.file_name}", "listed_width": i.width, "listed_height": i.height}
        for i in content.images
    ]
    return objects, listings


def _repeated(values: list[Any]) -> Any:
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def _object(annotation: _Annotation, image: _Image) -> dict[str, Any]:
    left, top, width, height = annotation.bbox
    box = {"x_min": left, "y_min": top, "x_max": left + width, "y_max": top + height}
    area = max(width, 0.0) * max(height, 0.0)
    rle, error = None, None
    if annotation.segmentation is not None:
        rle, runs, error = _mask(annotation.segmentation, image)
        area = float(runs) if rle is not None else area
    return {**box, "area": area, "crowd": annotation.iscrowd, "rle": rle, "mask_error": error}


def _mask(segmentation: Any, image: _Image) -> tuple[str | None, int, str | None]:
    """Counts, area, and what is wrong; counts are None where something is."""
    counts = segmentation.get("counts") if isinstance(segmentation, dict) else None
    if not isinstance(counts, str):
        return None, 0, "the mask is no compressed run-length code"
    if segmentation.get("size") != [image.height, image.width]:
        size = segmentation.get("size")
        return None, 0, f"the mask's size is {size}, the image's {[image.height, image.width]} (height, width)"
    if (runs := run_lengths(counts)) is None or (total := int(runs.sum())) != image.height * image.width:
        return None, 0, f"damaged run lengths: {'not readable' if runs is None else f'{total:,} pixels'}"
    return counts, int(runs[1::2].sum()), None


def _tables(read: list[_Rows]) -> Annotations:
    import pandas

    objects = pandas.DataFrame([row for rows, _ in read for row in rows], columns=[c for c in COLUMNS if c != "object"])
    objects = objects.sort_values("path", kind="stable", ignore_index=True)
    objects.insert(1, "object", objects.groupby("path").cumcount().astype(np.int64))
    listings = pandas.DataFrame([row for _, rows in read for row in rows], columns=[*LISTING_COLUMNS])
    listings = listings.sort_values("path", ignore_index=True).astype(dict.fromkeys(LISTING_COLUMNS[1:], float))
    return Annotations(_typed(objects), listings)


def _typed(objects: "pandas.DataFrame") -> "pandas.DataFrame":
    """The columns' types whatever they hold: no rows, and no masks, too."""
    numbers = dict.fromkeys(("x_min", "y_min", "x_max", "y_max", "area"), np.float64)
    objects = objects.astype(numbers | {"crowd": bool})
    for name in ("rle", "mask_error"):
        column = objects[name].astype(object)
        objects[name] = column.where(column.notna(), None)
    return objects
