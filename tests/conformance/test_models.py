"""Every model through one harness: build, one training step, save, reload; then what stands on that.

A model is here by being a file in ``pipelines/tasks/<kind>/models/``; its ``SMALL`` says how it is shrunk.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.conversion import __main__ as conversion
from pipelines.conversion.reference import blank_model
from pipelines.parameters import kinds, model_module, models, resolve
from pipelines.stages import train
from pipelines.workspace import Workspace
from tatara.core.files import read_json
from tatara.core.runtime import Runtime
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


@pytest.fixture(scope="module")
def converted(trained: Workspace) -> Path:
    """The folder of the convert stage, made in this process: the bytes' sameness is another test's concern."""
    with trained.writing("convert", trained.parameters("train")) as folder:
        conversion.convert(trained.path, folder)
    return trained.folder("convert")


def test_one_step_is_trained_saved_and_read_again(trained: Workspace) -> None:
    record, parameters = read_json(trained.folder("train") / "run.json"), trained.parameters("train")
    assert record["epochs_trained"] == 1
    model = blank_model(parameters, len(CLASSES))
    assert model.count_params() == record["parameters"]
    head = model.layers[-1]
    assert (head.name, head.activation, head.units) == ("head", keras.activations.linear, len(CLASSES))
    images = np.random.default_rng(0).random((3, parameters.size, parameters.size, 3), np.float32)
    fresh = np.asarray(model(images, training=False))
    model.load_weights(trained.folder("train") / "model.weights.h5")
    answers = np.asarray(model(images, training=False))
    assert answers.shape == (3, len(CLASSES))
    assert np.isfinite(answers).all()
    assert not np.allclose(answers, fresh)


def test_it_is_exported_and_proven(converted: Path) -> None:
    proof = read_json(converted / "parity.json")
    assert proof["top1_equal"] is True
    assert proof["max_abs"] <= 1e-5
    assert proof["examples"] == 4 * len(CLASSES)


def test_the_serving_runtime_gives_tensorflows_answers_to_file_bytes(converted: Path) -> None:
    runtime, cases = Runtime(converted), read_json(converted / "golden" / "cases.json")["cases"]
    contents = [(converted / "golden" / case["file"]).read_bytes() for case in cases]
    outputs = runtime.infer_files(contents)
    for name, values in outputs.items():
        np.testing.assert_allclose(values, [case["outputs"][name] for case in cases], atol=1e-5)
    answers = runtime.kind.answers(runtime.contract, outputs)
    assert len(answers) == len(cases)
    assert {answer.label for answer in answers} <= set(CLASSES)
