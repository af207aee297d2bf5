"""Images cut into windows: in training, in the golden cases and at serving alike, with one answer in the end."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.conversion import __main__ as conversion
from pipelines.examples import split_examples
from pipelines.parameters import model_module, resolve
from pipelines.stages import train
from pipelines.workspace import Workspace
from tatara.core.files import read_json
from tatara.core.runtime import Runtime
from tatara.core.tiling import windows
from tests.tiny import make_shapes, mark_validated

TILE = 64


@pytest.fixture(scope="module")
def shapes_project(module_project: Path) -> Path:
    make_shapes(module_project)
    return module_project


@pytest.mark.parametrize(("kind", "model"), [("detection", "ssd_mobilenet"), ("segmentation", "unet")])
def test_windows_are_learned_answered_and_merged(shapes_project: Path, kind: str, model: str) -> None:
    small: dict[str, Any] = model_module(kind, model).SMALL
    given = {"data": "shapes", "model": model, "epochs": 1, "tile": True, "tile_size": TILE, **small}
    workspace, parameters = Workspace(shapes_project / ".tatara" / "runs" / f"tiles-{kind}"), resolve(kind, given)
    mark_validated(workspace, "shapes")
    train.run(workspace, parameters)
    keras.backend.clear_session()
    with workspace.writing("convert", parameters) as folder:
        conversion.convert(workspace.path, folder)
    runtime, golden = Runtime(folder := workspace.folder("convert")), read_json(folder / "golden" / "cases.json")
    assert runtime.contract.tiling is not None
    for example in split_examples(workspace, "test"):
        assert len(windows(example.height, example.width, runtime.contract.tiling)) == 4
    for case in golden["cases"]:
        content = (folder / "golden" / case["file"]).read_bytes()
        expected = dict(np.load(folder / "golden" / case["answer"], allow_pickle=False))
        (found,) = runtime.answer_files([content])
        apart = runtime.kind.differences(expected, found)
        assert all(value <= golden["tolerances"][what] for what, value in apart.items()), apart
        height, width, _ = runtime.admit(content).shape
        if kind == "segmentation":
            assert found["labels"].shape == (height, width)
        else:
            assert (found["boxes"] <= [width, height, width, height]).all()
            assert found["boxes"][:, 2].max() > TILE  # an object beyond the first window
