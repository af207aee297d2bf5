"""Tables of a dataset in COCO's format: its images, its objects, and what of each class is in each split."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.dataset import ANNOTATIONS
from pipelines.datasets.objects import Annotations
from pipelines.validation.columns import class_rows, placed, shifts

if TYPE_CHECKING:
    import pandas

SMALL, LARGE = 32.0**2, 96.0**2
"""COCO's bounds between small, medium and large objects, square pixels."""


def image_columns(files: "pandas.DataFrame", annotations: Annotations) -> "pandas.DataFrame":
    """``files`` (as `file_table` gives it) with what the annotations say of each image.

    Added: ``place`` (the folder inside the split: ``images`` as it should be), ``objects`` (how many), ``annotated``
    (1.0 or 0.0) and ``listing_error`` (None, or how the image disagrees with ``annotations.json``).
    """
    table = placed(files)
    listed = annotations.listings.set_index("path").reindex(table.index)
    counts = annotations.objects["path"].value_counts().reindex(table.index, fill_value=0)
    table["objects"] = counts.astype(float)
    table["annotated"] = (counts > 0).astype(float)
    table["listing_error"] = [_listing_error(*row) for row in zip(
        table["place"], table["split"], table["width"], table["height"], listed["listed_width"],
        listed["listed_height"], strict=True,
    )]  # fmt: skip
    return table.astype({"listing_error": object})


def _listing_error(place: str, split: str, width: float, height: float, *listed: float) -> str | None:
    if place != "images":
        return None
    if np.isnan(listed[0]):
        return f"not in {split}/{ANNOTATIONS}"
    if np.isnan(width) or (width, height) == listed:
        return None
    return (
        f"{split}/{ANNOTATIONS} says {listed[0]:.0f} x {listed[1]:.0f}, upright the image is {width:.0f} x {height:.0f}"
    )


def object_table(annotations: Annotations, files: "pandas.DataFrame") -> "pandas.DataFrame":
    """A row an object, named ``path#object``, with measurements of its box and mask.

    Added to the columns of `build_objects`: ``split``; ``box_width``, ``box_height``, ``box_area``; ``outside`` (pixels
    by which the box reaches over the image's edge); ``relative_size`` (square root of the box's share of the image);
    ``small``, ``medium``, ``large`` (1.0 or 0.0, by ``area``); ``no_mask`` (None or "no mask"); ``mask_area``;
    ``mask_box_iou`` (of the box and its mask's extent, both wider by a pixel on all sides); ``repeats`` (None, or the
    earlier object of the image with the same class and box). What an image that cannot be read would tell is NaN.
    """
    objects = annotations.objects.copy()
    names = objects["path"] + "#" + objects["object"].astype(str)
    image = files.reindex(objects["path"])
    width, height = (image[side].to_numpy(float) for side in ("width", "height"))
    objects["split"] = objects["path"].str.split("/").str[0]
    objects["box_width"] = objects["x_max"] - objects["x_min"]
    objects["box_height"] = objects["y_max"] - objects["y_min"]
    objects["box_area"] = objects["box_width"].clip(0) * objects["box_height"].clip(0)
    over = [-objects["x_min"], -objects["y_min"], objects["x_max"] - width, objects["y_max"] - height]
    objects["outside"] = np.maximum(np.max(over, axis=0), 0.0) if len(objects) else 0.0
    objects["relative_size"] = np.sqrt(objects["box_area"] / (width * height))
    area = objects["area"]
    objects["small"] = (area < SMALL).astype(float)
    objects["medium"] = ((area >= SMALL) & (area < LARGE)).astype(float)
    objects["large"] = (area >= LARGE).astype(float)
    masked = objects["rle"].notna()
    objects["no_mask"] = [None if known else "no mask" for known in masked | objects["mask_error"].notna()]
    objects["mask_area"] = area.where(masked)
    objects["mask_box_iou"] = _mask_box_iou(objects, annotations)
    objects["repeats"] = _repeats(objects)
    return objects.set_axis(names)


def _mask_box_iou(objects: "pandas.DataFrame", annotations: Annotations) -> NDArray[np.float64]:
    from pycocotools import mask

    found = np.full(len(objects), np.nan)
    rows = np.flatnonzero(objects["rle"].notna())
    if not len(rows):
        return found
    own = objects.iloc[rows]
    sizes = annotations.listings.set_index("path").loc[own["path"]].to_numpy(int)
    codes = [
        {"size": [int(height), int(width)], "counts": counts.encode()}
        for (width, height), counts in zip(sizes, own["rle"], strict=True)
    ]
    extents = mask.toBbox(codes)
    extents[:, 2:] += extents[:, :2]
    wider = np.array([-1.0, -1.0, 1.0, 1.0])
    found[rows] = _iou(own[["x_min", "y_min", "x_max", "y_max"]].to_numpy(float) + wider, extents + wider)
    return found


def _iou(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the boxes (n, 4) in the same rows."""
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    shared = sides.clip(0).prod(axis=1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1) for boxes in (one, other)]
    overlap: NDArray[np.float64] = shared / (areas[0] + areas[1] - shared)
    return overlap


def _repeats(objects: "pandas.DataFrame") -> "pandas.Series[str]":
    same = objects.groupby(["path", "label", "x_min", "y_min", "x_max", "y_max"])["object"].transform("first")
    return ("#" + same.astype(str)).where(same < objects["object"]).astype(object)


def object_class_table(
    objects: "pandas.DataFrame", files: "pandas.DataFrame", splits: Sequence[str], classes: Sequence[str]
) -> "pandas.DataFrame":
    """A row for each class in each split, named ``split/class``, those without objects too.

    Columns: ``split``, ``label``, ``count`` of objects, ``train_count`` (the same for train, NaN elsewhere),
    ``images`` with the class, ``balance`` (count over the split's mean for a class), ``pixel_share`` (of the objects'
    areas in the split's pixels), ``share_shift`` (the class's share of the split's objects over that in train),
    ``size_shift`` (its median ``relative_size`` over that in train).
    """
    groups = objects.groupby(["split", "label"])
    table = class_rows(groups.size(), splits, classes)
    keys = table[["split", "label"]].apply(tuple, axis=1)
    pixels = table["split"].map(files.groupby("split")["pixels"].sum())
    table["images"] = keys.map(groups["path"].nunique()).fillna(0)
    table["pixel_share"] = keys.map(groups["area"].sum()).fillna(0) / pixels
    table["share_shift"] = shifts(table["count"] / table.groupby("split")["count"].transform("sum"), table)
    table["size_shift"] = shifts(keys.map(groups["relative_size"].median()), table)
    return table
