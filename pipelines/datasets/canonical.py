"""The formats ``coco`` and ``label-masks`` of a dataset, written: equal content gives equal bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.datasets.annotated import Box
from pipelines.datasets.dataset import ANNOTATIONS
from tatara.core.files import canonical_json


@dataclass(frozen=True)
class Object:
    """One object in the upright image.

    Attributes:
        label: class name.
        box: pixels; may lie outside the image.
        crowd: a region of many objects.
        counts: COCO's compressed run lengths over the whole image; None for a box alone.
        area: square pixels, of the mask where there is one.
    """

    label: str
    box: Box
    crowd: bool
    counts: str | None
    area: float


@dataclass(frozen=True)
class Annotated:
    """One image of a split: its file's name in ``images``, its upright size in pixels and its objects."""

    name: str
    width: int
    height: int
    objects: tuple[Object, ...]


def write_annotations(folder: Path, images: Sequence[Annotated], classes: Sequence[str]) -> None:
    """Write ``annotations.json`` of one split in COCO's schema, images by name; ids count from 1."""
    categories = {name: number for number, name in enumerate(classes, 1)}
    listed: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, image in enumerate(sorted(images, key=lambda image: image.name), 1):
        listed.append({"id": number, "file_name": image.name, "width": image.width, "height": image.height})
        for one in image.objects:
            written = _annotation(one, image)
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": categories[one.label], **written,
            })  # fmt: skip
    content = {
        "images": listed,
        "categories": [{"id": number, "name": name} for name, number in categories.items()],
        "annotations": annotations,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ANNOTATIONS).write_text(canonical_json(content) + "\n", encoding="utf-8")


def _annotation(one: Object, image: Annotated) -> dict[str, Any]:
    x_min, y_min, x_max, y_max = one.box
    written: dict[str, Any] = {
        "bbox": [float(x_min), float(y_min), float(x_max - x_min), float(y_max - y_min)],
        "area": float(one.area),
        "iscrowd": int(one.crowd),
    }
    if one.counts is not None:
        written["segmentation"] = {"size": [image.height, image.width], "counts": one.counts}
    return written


def write_label_mask(path: Path, labels: NDArray[np.uint8]) -> None:
    """Write positions of classes ``uint8 (height, width)`` as a palette PNG, with VOC's colours to look at."""
    image = Image.fromarray(labels).convert("L")
    image.putpalette(_palette())
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "PNG")


def _palette() -> list[int]:
    """VOC's colours (red, green, blue) for 256 values: the bits of a value, spread over the three from the top."""
    values = np.arange(256)
    channels = [sum(((values >> (3 * bit + channel)) & 1) << (7 - bit) for bit in range(8)) for channel in range(3)]
    return np.stack(channels, 1).ravel().tolist()
