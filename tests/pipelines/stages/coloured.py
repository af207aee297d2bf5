"""Registered models without a training: the hand-made graphs that see colours, on pictures of colours."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from onnx import numpy_helper
from PIL import Image
from pycocotools import mask as coco

from pipelines import tracking
from pipelines.answering import answered
from pipelines.examples import split_examples
from pipelines.parameters import Parameters, evaluation_module, resolve
from pipelines.stages import register
from pipelines.workspace import Workspace
from registry.store import client, experiment_id
from tatara.core.files import write_json
from tatara.core.runtime import Runtime
from tests.services.model_folder import LABELS, write_converted
from tests.tiny import mark_validated

SPLITS = ("train", "valid", "test")


DATA = {"classification": "colours", "instances": "patches"}
"""Name of the dataset of each kind that there is."""


def parameters(kind: str, **given: Any) -> Parameters:
    return resolve(kind, {"data": DATA.get(kind, DATA["instances"]), **given})


def make_colours(project: Path, kind: str, count: int = 8) -> Path:
    """``data/colours``: plain pictures of a main colour; ``data/patches``: noise with a rectangle of each of two."""
    folder, generator = project / "data" / DATA[kind], np.random.default_rng(0)
    for split in SPLITS:
        if kind == "classification":
            for position, label in enumerate(LABELS):
                for number in range(count):
                    _save(folder / split / label / f"{number}.png", _plain(generator, position, number))
        else:
            _write_objects(folder / split, generator, count)
    description = {
        "modality": "image", "kind": kind, "format": "image-folder" if kind == "classification" else "coco",
        "classes": list(LABELS), "licence": "CC0", "splits": dict.fromkeys(SPLITS, "made"), "source": "drawn by a test",
    }  # fmt: skip
    (folder / "dataset.yaml").write_text(yaml.safe_dump(description))
    return folder


def _plain(generator: np.random.Generator, position: int, number: int) -> np.ndarray:
    """A main colour over others that come near it, brighter with the number."""
    level = 90 + 6 * number
    colour = generator.integers(0, level - 40, 3)
    colour[position] = level
    return np.full((16 + number, 16, 3), colour) + generator.integers(0, 9, (16 + number, 16, 3))


def _write_objects(folder: Path, generator: np.random.Generator, count: int) -> None:
    listed, annotations = [], []
    for image in range(count):
        height, width = (40, 56) if image % 2 else (64, 48)
        pixels = generator.integers(0, 60, (height, width, 3))
        for at, position in enumerate(generator.permutation(3)[:2].tolist()):
            top, left = int(generator.integers(2, height - 22)), at * width // 2 + 2
            place = (slice(top, top + 18), slice(left, left + width // 2 - 6))
            pixels[place], mask = np.eye(3)[position] * 220, np.zeros((height, width), np.uint8)
            mask[place] = 1
            annotations.append({"id": len(annotations), "image_id": image, "category_id": position + 1, **_coco(mask)})
        _save(folder / "images" / f"{image}.png", pixels)
        listed.append({"id": image, "file_name": f"{image}.png", "height": height, "width": width})
    categories = [{"id": place + 1, "name": name} for place, name in enumerate(LABELS)]
    write_json(folder / "annotations.json", {"images": listed, "categories": categories, "annotations": annotations})


def _coco(mask: np.ndarray) -> dict[str, Any]:
    encoded = coco.encode(np.asfortranarray(mask))
    segmentation = {"size": list(mask.shape), "counts": encoded["counts"].decode()}
    box = [float(value) for value in coco.toBbox(encoded)]
    return {"bbox": box, "area": float(mask.sum()), "iscrowd": 0, "segmentation": segmentation}


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)


def evaluated(
    project: Path, name: str, given: Parameters, weights: dict[str, float] | None = None, **ran: Any
) -> Workspace:
    """A workspace whose steps up to evaluation have finished, logged to a run of its own.

    Args:
        project: the current one.
        name: of the workspace.
        given: parameters.
        weights: class -> factor on what a classifier's graph sees of it, for one that is worse in that class.
        ran: what else the training recorded.
    """
    workspace = Workspace(project / ".tatara" / "runs" / name)
    mark_validated(workspace, given.data)
    run_id = client().create_run(experiment_id("colours")).info.run_id
    converted = write_converted(workspace.path / "convert", kind=given.kind)
    for label, factor in (weights or {}).items():
        _weigh(converted / "model.onnx", LABELS.index(label), factor)
    write_json(workspace.path / "train" / "run.json", {
        "run_id": run_id, "experiment": "colours", "git_commit": None, "git_dirty": False, "lock_sha256": "0" * 64,
        "warnings": ["the loss is flat"], **ran,
    })  # fmt: skip
    for stage in ("train", "convert", "evaluate"):
        write_json(workspace.path / stage / "parameters.json", given.model_dump(mode="json"))
    runtime, kind = Runtime(converted), evaluation_module(given.kind)
    records = answered(runtime, kind, split_examples(workspace, "test"), "evaluate")
    kind.predictions(records, runtime.contract).to_parquet(workspace.path / "evaluate" / "predictions.parquet")
    write_json(workspace.path / "evaluate" / "metrics.json", {"above_chance": {"value": 0.5, "low": 0.4, "high": 0.6}})
    for stage in ("validate", "train", "evaluate"):
        tracking.log_folder(run_id, workspace.folder(stage), stage)
    return workspace


def registered(
    project: Path, name: str, given: Parameters, weights: dict[str, float] | None = None, **ran: Any
) -> Workspace:
    """`evaluated`, and registered."""
    workspace = evaluated(project, name, given, weights, **ran)
    register.run(workspace, given)
    return workspace


def _weigh(path: Path, position: int, factor: float) -> None:
    model = onnx.load(path)
    for initializer in model.graph.initializer:
        if initializer.name == "weights":
            values = numpy_helper.to_array(initializer).copy()
            values[:, position] *= factor
            initializer.CopyFrom(numpy_helper.from_array(values, "weights"))
    onnx.save(model, path)
