"""Small annotated sets in the formats that users bring, written by hand."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipelines.datasets.annotated import Repairs
from pipelines.datasets.dataset import ANNOTATIONS, SPLITS, Description
from pipelines.datasets.fill_annotated import fill_annotated
from pipelines.datasets.filling import Filled, Wishes
from pipelines.datasets.recognition import recognize
from tests.pipelines.datasets.images import write_image

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Brought:
    """What came of a source: the folder, what is known of it, and what was repaired."""

    folder: Path
    filled: Filled
    changes: list[str]

    @property
    def description(self) -> Description:
        return self.filled.description

    def content(self, split: str) -> dict[str, Any]:
        return json.loads((self.folder / split / ANNOTATIONS).read_bytes())

    def objects(self) -> dict[str, list[tuple[Any, ...]]]:
        """File -> (label, x_min, y_min, x_max, y_max) of each object, of all splits."""
        return {path.name: own for path, own in self.objects_of_files().items()}

    def objects_of_files(self) -> dict[Path, list[tuple[Any, ...]]]:
        """The same by path, for files of one name in several splits."""
        found: dict[Path, list[tuple[Any, ...]]] = {}
        for split in SPLITS:
            content = self.content(split)
            names = {category["id"]: category["name"] for category in content["categories"]}
            files = {image["id"]: self.folder / split / "images" / image["file_name"] for image in content["images"]}
            found |= {name: [] for name in files.values()}
            for one in content["annotations"]:
                left, top, width, height = one["bbox"]
                box = (left, top, left + width, top + height)
                found[files[one["image_id"]]].append((names[one["category_id"]], *box))
        return found

    def labels(self, split: str, stem: str) -> list[list[int]]:
        """Values of a label mask."""
        with Image.open(self.folder / split / "labels" / f"{stem}.png") as image:
            assert image.mode == "P"
            return np.asarray(image).tolist()

    def split_of(self) -> dict[str, str]:
        """File -> split."""
        return {path.name: split for split in SPLITS for path in (self.folder / split / "images").glob("*")}


def bring(path: Path, folder: Path, kind: Any = None, repair: bool = False, **wishes: Any) -> Brought:
    """``data add`` without DVC: what lies at ``path`` as a dataset in ``folder``."""
    repairs = Repairs(repair)
    source = recognize(path, kind, repairs, wishes.get("classes"))
    assert source is not None
    filled = fill_annotated(path, folder, "mine", source, Wishes(source=path.name, **wishes), repairs)
    return Brought(folder, filled, repairs.made)


def write_xml(
    path: Path,
    name: str,
    boxes: Sequence[tuple[str, Any, Any, Any, Any]],
    size: tuple[int, int] = (12, 10),
    extra: str = "",
) -> Path:
    """A VOC annotation; boxes as they stand in the file."""
    objects = "".join(
        f"<object><name>{label}</name>{extra}<bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax>"
        "</bndbox></object>"
        for label, a, b, c, d in boxes
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"<annotation><filename>{name}</filename><size><width>{size[0]}</width><height>{size[1]}</height></size>"
        f"{objects}</annotation>",
        encoding="utf-8",
    )
    return path


def voc_set(root: Path, count: int = 6) -> Path:
    """``images/n.png`` and ``annotations/n.xml``, a cat in each and a dog in every second."""
    for number in range(count):
        write_image(root / "images" / f"{number}.png", number)
        boxes = [("cat", 1, 1, 6, 5)] + ([("dog", 3, 4, 12, 10)] if number % 2 else [])
        write_xml(root / "annotations" / f"{number}.xml", f"{number}.png", boxes)
    return root


def coco_json(
    images: Sequence[str], annotations: Sequence[dict[str, Any]], names: Sequence[str] = ("cat", "dog")
) -> Any:
    """COCO's JSON of images of 12 x 10 pixels with ids from 1; categories from 1 too."""
    return {
        "images": [{"id": n, "file_name": name, "width": 12, "height": 10} for n, name in enumerate(images, 1)],
        "categories": [{"id": n, "name": name} for n, name in enumerate(("cat", "dog"), 1)],
        "annotations": [{"id": n, "category_id": 1, **one} for n, one in enumerate(annotations, 1)],
    }


def coco_set(root: Path, annotations: Sequence[dict[str, Any]], count: int = 4) -> Path:
    """``images/n.png`` and ``annotations.json``."""
    names = [f"{number}.png" for number in range(count)]
    for number, name in enumerate(names):
        write_image(root / "images" / name, number)
    (root / "annotations.json").write_text(json.dumps(coco_json(names, annotations)))
    return root


def write_mask(path: Path, values: Any, palette: bool = False) -> Path:
    """A label mask of these rows of values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(values, np.uint8))
    if palette:
        image.putpalette([255 - level for level in range(256) for _ in range(3)])
    image.save(path)
    return path


def rotated_jpeg(path: Path, orientation: int, stored: tuple[int, int] = (40, 20)) -> Path:
    """A JPEG stored as (width, height) that is to be turned by ``orientation``; bright in its upper left quarter."""
    pixels = np.zeros((stored[1], stored[0], 3), np.uint8)
    pixels[: stored[1] // 2, : stored[0] // 2] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, exif=exif, quality=95)
    return path


def truncated_jpeg(path: Path) -> Path:
    """A JPEG without its second half."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(5).integers(0, 256, (40, 40, 3), np.uint8)).save(buffer, "JPEG")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    return path
