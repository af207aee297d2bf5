"""A detector that was hardly trained scores alike what overlaps: its export is sound, and a wrong one still refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.conversion import __main__ as conversion
from pipelines.conversion import reference
from pipelines.conversion.parity import ROUNDED_MOST, Proof
from pipelines.examples import split_examples
from pipelines.parameters import resolve, task_module
from pipelines.stages import train
from pipelines.workspace import Workspace
from tatara.core.errors import RefusedError
from tatara.core.files import read_json
from tatara.core.runtime import Runtime
from tests.tiny import make_shapes, mark_validated


@pytest.fixture(scope="module")
def workspace(module_project: Path) -> Workspace:
    """Trained for one epoch, and giving out as many boxes as by default."""
    make_shapes(module_project, images=12)
    workspace = Workspace(module_project / ".tatara" / "runs" / "hardly")
    parameters = resolve("detection", {"data": "shapes", "size": 128, "width": 0.2, "neck": 16, "epochs": 1})
    mark_validated(workspace, "shapes")
    train.run(workspace, parameters)
    with workspace.writing("convert", parameters) as folder:
        conversion.convert(workspace.path, folder)
    return workspace


def test_it_is_exported_and_its_golden_cases_allow_what_the_proof_allowed(workspace: Workspace) -> None:
    folder = workspace.folder("convert")
    proof, golden = read_json(folder / "parity.json"), read_json(folder / "golden" / "cases.json")
    allowed = proof["tolerances"]["unmatched"]
    assert all(row["largest"].get("unmatched", 0) <= allowed <= ROUNDED_MOST for row in proof["checks"])
    assert golden["tolerances"]["unmatched"] == allowed


def moved(outputs: dict[str, Any]) -> dict[str, Any]:
    return {**outputs, "boxes": outputs["boxes"] + np.float32(2)}


def surer(outputs: dict[str, Any]) -> dict[str, Any]:
    return {**outputs, "scores": np.where(outputs["scores"] > 0, outputs["scores"] + np.float32(0.002), 0)}


@pytest.mark.parametrize("harm", [moved, surer])
def test_a_graph_that_is_wrong_is_refused(
    workspace: Workspace, harm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, infer = Runtime(workspace.folder("convert")), Runtime.infer
    trained = reference.trained_model(workspace, len(runtime.contract.labels))
    parameters = workspace.parameters("train")
    functions = reference.Reference(task_module("detection"), trained, runtime.contract, parameters)
    monkeypatch.setattr(Runtime, "infer", lambda self, batch: harm(infer(self, batch)))
    with pytest.raises(RefusedError, match="ONNX differs from TensorFlow"):
        Proof(functions, runtime, split_examples(workspace, "test"), 1_000_000).run()
