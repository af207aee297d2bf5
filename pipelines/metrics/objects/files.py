"""Truth and answers as COCO's own JSON, which pycocotools reads, so that others can compute the same figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.metrics.objects.scenes import Scene, corner_and_size
from tatara.core import boxes as geometry
from tatara.core.files import canonical_json, write_text


def write_coco(folder: Path, scenes: Sequence[Scene], labels: Sequence[str]) -> None:
    """Write ``truth.json`` (for ``COCO(...)``) and ``predictions.json`` (for ``loadRes``) into ``folder``."""
    truth = {
        "images": images(scenes),
        "categories": [{"id": position, "name": label} for position, label in enumerate(labels, 1)],
        "annotations": annotations(scenes, "truth", by_mask=True),
    }
    kept = ("image_id", "category_id", "bbox", "score", "segmentation")
    found = [{key: one[key] for key in kept if key in one} for one in annotations(scenes, "answer", by_mask=True)]
    write_text(folder / "truth.json", canonical_json(truth))
    write_text(folder / "predictions.json", canonical_json(found))


def images(scenes: Sequence[Scene]) -> list[dict[str, Any]]:
    """COCO's entries of the images, numbered from 1."""
    return [
        {"id": position, "file_name": one.path, "width": one.width, "height": one.height}
        for position, one in enumerate(scenes, 1)
    ]


def annotations(scenes: Sequence[Scene], what: str, by_mask: bool) -> list[dict[str, Any]]:
    """COCO's entries of the objects in ``truth`` or ``answer``, numbered from 1 through all scenes.

    The size of what is marked is that of its mask, if it has one; of an answer, that of its mask or of its box,
    according to ``by_mask``, as COCO's evaluators have it.
    """
    found: list[dict[str, Any]] = []
    for image, one in enumerate(scenes, 1):
        part = getattr(one, what)
        areas = part.areas if by_mask or what == "truth" else geometry.areas(part.boxes)
        for i, box in enumerate(corner_and_size(part.boxes)):
            entry = {
                "id": len(found) + 1, "image_id": image, "category_id": int(part.classes[i]) + 1, "bbox": box.tolist(),
                "area": float(areas[i]), "iscrowd": int(part.crowd[i]),
            }  # fmt: skip
            if what == "answer":
                entry["score"] = float(part.scores[i])
            if (mask := part.masks[i]) is not None:
                entry["segmentation"] = {"size": list(mask.size), "counts": mask.counts}
            found.append(entry)
    return found
