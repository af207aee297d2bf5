"""What a dataset holds, and its picture."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.datasets.dataset import write_description
from pipelines.datasets.show import list_datasets, show
from tests.pipelines.datasets.annotated_sets import bring, coco_set, write_mask
from tests.pipelines.datasets.images import write_dataset, write_image


def put(project: Path, source: Path, name: str, **options: Any) -> None:
    """A dataset under data/ that DVC does not know of."""
    brought = bring(source, project / "data" / name, **options)
    write_description(brought.folder, brought.description)


def picture(found: dict[str, Any]) -> Any:
    with Image.open(found["picture"]) as image:
        assert image.width > 1000
        return np.asarray(image)


def test_list_and_show(tiny_project: Path) -> None:
    dataset = write_dataset(tiny_project / "data" / "動物", ("犬", "a cat"))
    (dataset.folder / "test" / "犬" / "bad.png").write_bytes(b"")
    tiny, animals = list_datasets()
    assert tiny["name"] == "tiny"
    assert tiny["files"] == {"train": 4, "valid": 4, "test": 4}
    assert animals["files"] == {"train": 4, "valid": 4, "test": 5}

    shown = show("動物")
    assert shown["revision"] == animals["revision"]
    assert shown["counts"]["test"] == {"犬": 3, "a cat": 2}
    assert shown["undecodable"] == ["test/犬/bad.png"]
    assert shown["width"] == {"min": 12, "median": 12, "max": 12}
    assert shown["modes"] == {"RGB": 12}
    sheet = Path(shown["picture"])
    assert sheet.is_relative_to(tiny_project / ".tatara")
    first = sheet.read_bytes()
    with Image.open(sheet) as image:
        assert image.width > image.height > 200
    assert Path(show("動物")["picture"]).read_bytes() == first


def scene(root: Path, masks: bool) -> Path:
    """Four images of 200 x 150 pixels; the first has a small cat, a medium crowd of cats and a large dog."""
    boxes = [(1, [0, 0, 31, 32], 0), (1, [40, 10, 32, 32], 1), (2, [90, 40, 96, 96], 0), (2, [-9, 140, 40, 40], 0)]
    marked = [{"image_id": 1, "category_id": c, "bbox": box, "iscrowd": crowd} for c, box, crowd in boxes]
    for one in marked if masks else ():
        left, top, width, height = one["bbox"]
        corners = [left, top, left + width, top, left + width, top + height, left, top + height]
        one["segmentation"] = [corners]
    source = coco_set(root, marked)
    for number in range(4):
        write_image(source / "images" / f"{number}.png", number, (200, 150))
    file = source / "annotations.json"
    file.write_text(file.read_text().replace('"width": 12, "height": 10', '"width": 200, "height": 150'))
    return source


@pytest.mark.parametrize("masks", [False, True])
def test_objects_by_class_and_size(tiny_project: Path, tmp_path: Path, masks: bool) -> None:
    put(tiny_project, scene(tmp_path / "s", masks), "pets")
    found = show("pets")
    assert found["kind"] == ("instances" if masks else "detection")
    totals = {name: sum(own[name] for own in found["objects"].values()) for name in ("cat", "dog")}
    assert totals == {"cat": 2, "dog": 2}
    assert {name: sum(own[name] for own in found["images"].values()) for name in ("cat", "dog")} == {"cat": 1, "dog": 1}
    assert found["counts"] == found["objects"]
    assert sum(found["without_objects"].values()) == 3
    assert found["crowd"] == 1
    last = "small" if masks else "medium"  # 31 x 10 pixels of its 40 x 40 lie in the image
    assert found["sizes"]["cat"] == {"small": 1, "medium": 1, "large": 0}
    assert found["sizes"]["dog"] == {"small": 0, "medium": 0, "large": 1} | {last: 1}
    (pets,) = [row for row in list_datasets() if row["name"] == "pets"]
    assert pets["revision"] == found["revision"]
    drawn = picture(found)
    assert (picture(show("pets")) == drawn).all()
    put(tiny_project, coco_set(tmp_path / "bare", [{"image_id": 1, "bbox": [0, 0, 2, 2]}]), "bare")
    assert picture(show("bare")).shape[1] == drawn.shape[1]


def test_pixels_by_class(tiny_project: Path, tmp_path: Path) -> None:
    for number in range(4):
        write_image(tmp_path / "s" / "images" / f"{number}.png", number)
        write_mask(tmp_path / "s" / "labels" / f"{number}.png", [[0] * 9 + [1] * 3] * 5 + [[7] * 12] * 5)
    (tmp_path / "s" / "labels" / "3.png").unlink()
    put(tiny_project, tmp_path / "s", "roads", ignore=7, classes=("空 sky", "road", "car"))
    found = show("roads")
    held = [split for split in ("train", "valid", "test") if found["images"][split]["road"]]
    for split in held:
        assert found["pixels"][split] == {"空 sky": 0.75, "road": 0.25, "car": 0}
        assert found["left_out"][split] == 0.5
    assert [Path(path).name for path in found["without_mask"]] == ["3.png"]
    assert found["counts"] == found["images"]
    picture(found)
