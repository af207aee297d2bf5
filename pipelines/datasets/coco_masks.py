"""COCO's segmentations as run lengths for a frame: polygons, and run lengths in both of their forms."""

from collections.abc import Callable
from functools import partial
from typing import Any

from pipelines.datasets.annotated import Rle
from pipelines.datasets.run_lengths import run_lengths


def shape(segmentation: Any) -> Callable[[int, int], Rle] | None:
    """The mask of a ``segmentation`` for a frame of (height, width); None where there is none.

    What it gives raises ValueError where the segmentation cannot be read or is of another size.
    """
    return partial(_encode, segmentation) if segmentation else None


def _encode(segmentation: Any, height: int, width: int) -> Rle:
    if isinstance(segmentation, dict):
        return _lengths(segmentation, height, width)
    if not isinstance(segmentation, list) or not all(_is_polygon(part) for part in segmentation):
        raise ValueError("its segmentation is neither polygons x, y, x, y, ... nor run lengths")
    return _polygons([part for part in segmentation if len(part) >= 6], height, width)


def _is_polygon(part: Any) -> bool:
    return isinstance(part, list) and len(part) % 2 == 0 and all(isinstance(number, int | float) for number in part)


def _polygons(parts: list[list[float]], height: int, width: int) -> Rle:
    """The union of the parts; what has fewer than three corners has no area, nor has what lies outside."""
    from pycocotools import mask

    if not parts:
        parts = [[0.0] * 6]
    rle: Rle = mask.merge(mask.frPyObjects([[float(number) for number in part] for part in parts], height, width))
    return rle


def _lengths(segmentation: dict[str, Any], height: int, width: int) -> Rle:
    from pycocotools import mask

    size, counts = segmentation.get("size"), segmentation.get("counts")
    if size != [height, width]:
        raise ValueError(f"its run lengths are for {size}, the image's size is {[height, width]} (height, width)")
    if isinstance(counts, list) and all(isinstance(count, int) and count >= 0 for count in counts):
        if sum(counts) != height * width:
            raise ValueError(f"its run lengths cover {sum(counts):,} pixels, the image has {height * width:,}")
        rle: Rle = mask.frPyObjects({"size": size, "counts": counts}, height, width)
        return rle
    runs = run_lengths(counts) if isinstance(counts, str) else None
    if runs is None or int(runs.sum()) != height * width:
        raise ValueError("its run lengths are damaged")
    return {"size": size, "counts": str(counts).encode()}
