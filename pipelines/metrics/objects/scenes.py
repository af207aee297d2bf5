"""One image with its objects as people marked them and as a model found them, compact enough to keep thousands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tatara.core import boxes as geometry
from tatara.core import masks
from tatara.core.masks import Masks, Rle

if TYPE_CHECKING:
    import pandas

    from pipelines.examples import Example
    from tatara.core.contract import Finished

Floats = NDArray[np.float64]
_PARTS = ("truth", "prediction")
"""Values of ``what`` in a table, beside ``image``."""


@dataclass(frozen=True)
class Regions:
    """Objects of one image, marked or found.

    Attributes:
        boxes: float64 (objects, 4), ``x_min, y_min, x_max, y_max`` in pixels of the image, exclusive upper edges.
        classes: positions in the model's labels (objects,).
        areas: float64 (objects,) px²: of the mask where there is one, else of the box.
        crowd: bool (objects,); a region of many objects, which is neither counted nor held against an answer inside.
        scores: float64 (objects,), 1 for what is marked.
        masks: run lengths (objects,), None where there is only a box.
    """

    boxes: Floats
    classes: NDArray[np.intp]
    areas: Floats
    crowd: NDArray[np.bool_]
    scores: Floats
    masks: tuple[Rle | None, ...]

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True)
class Scene:
    """One image: path and SHA-256 of its file, size in pixels, what is marked and what was found."""

    path: str
    digest: str
    width: int
    height: int
    truth: Regions
    answer: Regions


def scene(example: "Example", labels: Sequence[str], finished: "Finished") -> Scene:
    """The example's marked objects beside a finished answer with ``boxes``, ``scores``, ``classes``, maybe ``masks``.

    Masks become run lengths here, one by one. Rows of score 0 hold no object.

    Raises:
        TataraError: the example has no marked objects.
    """
    marked = example.objects()
    index, size = {label: position for position, label in enumerate(labels)}, (marked.height, marked.width)
    packed = tuple(None if counts is None else Rle(size=size, counts=counts) for counts in marked.rle)
    kept = np.flatnonzero(finished["scores"] > 0)
    found = finished.get("masks")
    answered = () if found is None else tuple(_packed(found, int(position)) for position in kept)
    return Scene(
        example.path, example.digest, marked.width, marked.height,
        _regions(marked.boxes, [index[label] for label in marked.labels], packed, crowd=marked.crowd),
        _regions(finished["boxes"][kept], finished["classes"][kept], answered, scores=finished["scores"][kept]),
    )  # fmt: skip


def unanswered(example: "Example", labels: Sequence[str]) -> Scene:
    """The example's marked objects alone."""
    return scene(example, labels, {"boxes": np.empty((0, 4)), "scores": np.empty(0), "classes": np.empty(0, np.intp)})


def _packed(found: Any, position: int) -> Rle:
    return found.packed[position] if isinstance(found, Masks) else masks.encode(found[position])


def _regions(
    boxes: Any, classes: Any, packed: tuple[Rle | None, ...], crowd: Any = None, scores: Any = None
) -> Regions:
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    packed = packed or (None,) * len(boxes)
    areas = [box if mask is None else _area(mask) for box, mask in zip(geometry.areas(boxes), packed, strict=True)]
    return Regions(
        boxes, np.asarray(classes, np.intp), np.array(areas, np.float64),
        np.zeros(len(boxes), bool) if crowd is None else np.asarray(crowd, bool),
        np.ones(len(boxes)) if scores is None else np.asarray(scores, np.float64), packed,
    )  # fmt: skip


def _area(mask: Rle) -> float:
    from pycocotools import mask as coco

    return float(coco.area({"size": list(mask.size), "counts": mask.counts.encode()}))


def overlaps(scene: Scene, by_mask: bool) -> Floats:
    """IoU of each found with each marked object, float64 (found, marked); with a crowd, the share of what was found.

    Args:
        scene: the image.
        by_mask: of masks, else of boxes.
    """
    from pycocotools import mask as coco

    if not len(scene.truth) or not len(scene.answer):
        return np.zeros((len(scene.answer), len(scene.truth)))
    shapes = [_masks(part) if by_mask else corner_and_size(part.boxes) for part in (scene.answer, scene.truth)]
    found: Floats = coco.iou(*shapes, scene.truth.crowd.astype(np.uint8).tolist())
    return found


def _masks(regions: Regions) -> list[dict[str, Any]]:
    return [{"size": list(one.size), "counts": one.counts} for one in regions.masks if one is not None]


def corner_and_size(boxes: Floats) -> Floats:
    """COCO's ``x, y, width, height`` of boxes ``x_min, y_min, x_max, y_max``, row after row in memory.

    pycocotools reads the memory as it lies; boxes from a table lie column after column.
    """
    return np.ascontiguousarray(np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1))


def table(scenes: Sequence[Scene], labels: Sequence[str]) -> "pandas.DataFrame":
    """One row an image (``what`` is ``image``), a marked object (``truth``) and a found one (``prediction``).

    Columns: ``path``, ``digest``, ``width``, ``height``, ``what``, ``label``, ``score``, ``x_min``, ``y_min``,
    ``x_max``, ``y_max``, ``area``, ``crowd``, ``rle`` (COCO's compressed counts of the mask, or None).
    """
    import pandas

    columns = ["path", "digest", "width", "height", "what", "label", "score", "x_min", "y_min", "x_max", "y_max",
               "area", "crowd", "rle"]  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for one in scenes:
        head = (one.path, one.digest, one.width, one.height)
        rows.append((*head, "image", "", np.nan, *[np.nan] * 5, False, None))
        for what, part in zip(_PARTS, (one.truth, one.answer), strict=True):
            for i, mask in enumerate(part.masks):
                place = (*part.boxes[i], part.areas[i], bool(part.crowd[i]), None if mask is None else mask.counts)
                rows.append((*head, what, labels[part.classes[i]], part.scores[i], *place))
    return pandas.DataFrame(rows, columns=columns)


def scenes(frame: "pandas.DataFrame", labels: Sequence[str]) -> list[Scene]:
    """The scenes that `table` was made of, in order of digest, each digest once."""
    ordered = frame.sort_values(["digest", "path"], kind="stable")
    columns = {name: ordered[name].to_numpy() for name in ordered.columns}
    index = {label: position for position, label in enumerate(labels)}
    columns["class"] = np.array([index.get(label, -1) for label in columns["label"]], np.intp)
    starts = np.flatnonzero(columns["digest"][1:] != columns["digest"][:-1]) + 1
    found = []
    for rows in np.split(np.arange(len(ordered)), starts) if len(ordered) else []:
        path, digest, width, height = (columns[name][rows[0]] for name in ("path", "digest", "width", "height"))
        own = rows[columns["path"][rows] == path]
        parts = [_read(columns, own[columns["what"][own] == what], (int(height), int(width))) for what in _PARTS]
        found.append(Scene(str(path), str(digest), int(width), int(height), *parts))
    return found


def _read(columns: dict[str, NDArray[Any]], rows: NDArray[np.intp], size: tuple[int, int]) -> Regions:
    edges = [columns[name][rows] for name in ("x_min", "y_min", "x_max", "y_max")]
    return Regions(
        np.stack(edges, axis=1).astype(np.float64), columns["class"][rows], columns["area"][rows].astype(np.float64),
        columns["crowd"][rows].astype(bool), columns["score"][rows].astype(np.float64),
        tuple(Rle(size=size, counts=counts) if isinstance(counts, str) else None for counts in columns["rle"][rows]),
    )  # fmt: skip
