"""A trained-looking model, converted once by the stage in its fresh process."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.conversion.reference import blank_model
from pipelines.parameters import Parameters, resolve
from pipelines.stages import convert
from pipelines.workspace import Workspace
from tatara.core.files import write_json
from tests.tiny import CLASSES, make_tiny, mark_validated

GIVEN: dict[str, Any] = {
    "data": "tiny", "model": "small_cnn", "width": 8, "size": 16, "int8": True, "int8_margin": 0.9,
}  # fmt: skip


def lively(parameters: Parameters) -> keras.Model:
    """A model whose answers differ from image to image: no variable keeps its neutral initial value."""
    keras.utils.set_random_seed(1)
    model, generator = blank_model(parameters, len(CLASSES)), np.random.default_rng(1)
    for variable in model.variables:
        if variable.dtype == "float32":
            noise = generator.normal(0, 0.1, variable.shape)
            variable.assign(np.asarray(variable) * (1 + noise) + np.abs(noise))
    head, images = model.get_layer("head"), generator.random((64, parameters.size, parameters.size, 3), np.float32)
    images *= generator.random((64, 1, 1, 1), np.float32)
    logits = model.predict(images, verbose=0)
    head.kernel.assign(head.kernel * 2 / logits.std(axis=0))
    head.bias.assign((head.bias - logits.mean(axis=0)) * 2 / logits.std(axis=0))
    return model


@pytest.fixture(scope="module")
def workspace(module_project: Path) -> Workspace:
    """``tiny`` validated, a small model that stands for a trained one."""
    make_tiny(module_project)
    found, parameters = Workspace(module_project / ".tatara" / "runs" / "one"), resolve("classification", GIVEN)
    mark_validated(found, "tiny")
    keras.backend.clear_session()
    with found.writing("train", parameters) as folder:
        lively(parameters).save_weights(folder / "model.weights.h5")
        write_json(folder / "classes.json", list(CLASSES))
        write_json(folder / "run.json", {"run_id": "none"})
    return found


@pytest.fixture(scope="module")
def converted(workspace: Workspace) -> Path:
    """The folder of the convert stage."""
    convert.run(workspace, workspace.parameters("train"))
    return workspace.folder("convert")
