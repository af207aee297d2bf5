"""Every model through one harness: build, one training step, save, reload; then what stands on that.

A model is here by being a file in ``pipelines/tasks/<kind>/models/``; its ``SMALL`` says how it is shrunk.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.conversion.reference import blank_model, trained_model
from pipelines.parameters import kinds, model_module, models, resolve
from pipelines.stages import train
from pipelines.workspace import Workspace
from tatara.core.files import read_json
from tests.tiny import CLASSES, make_tiny, mark_validated

EVERY = [(kind, model) for kind in kinds() for model in models(kind)]


@pytest.fixture(scope="module")
def tiny_project(module_project: Path) -> Path:
    """Few enough images that an epoch is one step."""
    make_tiny(module_project, per_class=4)
    return module_project


@pytest.fixture(scope="module", params=EVERY, ids=[model for _, model in EVERY])
def trained(request: pytest.FixtureRequest, tiny_project: Path) -> Workspace:
    """A workspace in which the model has been trained for one step, seen from the model's own small configuration."""
    kind, model = request.param
    small: dict[str, Any] = model_module(kind, model).SMALL
    workspace = Workspace(tiny_project / ".tatara" / "runs" / model)
    mark_validated(workspace, "tiny")
    train.run(workspace, resolve(kind, {"data": "tiny", "model": model, "epochs": 1, **small}))
    keras.backend.clear_session()
    return workspace


def test_one_step_is_trained_saved_and_read_again(trained: Workspace) -> None:
    record = read_json(trained.folder("train") / "run.json")
    assert record["epochs_trained"] == 1
    model, fresh = trained_model(trained, len(CLASSES)), blank_model(trained.parameters("train"), len(CLASSES))
    assert model.count_params() == record["parameters"]
    size = trained.parameters("train").size
    images = np.random.default_rng(0).random((3, size, size, 3), np.float32)
    answers = model.predict(images, verbose=0)
    assert answers.shape == (3, len(CLASSES))
    assert np.isfinite(answers).all()
    assert not np.allclose(answers, fresh.predict(images, verbose=0))
    np.testing.assert_array_equal(answers, trained_model(trained, len(CLASSES)).predict(images, verbose=0))


def test_the_head_is_the_last_layer_and_gives_logits(trained: Workspace) -> None:
    head = blank_model(trained.parameters("train"), len(CLASSES)).layers[-1]
    assert (head.name, head.activation, head.units) == ("head", keras.activations.linear, len(CLASSES))
