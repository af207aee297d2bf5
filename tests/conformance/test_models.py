"""Every model through one harness: build, one training step, save, reload; then what stands on that.

A model is here by being a file in ``pipelines/tasks/<kind>/models/``; its ``SMALL`` says how it is shrunk.
"""

import importlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.conversion import __main__ as conversion
from pipelines.conversion.reference import blank_model
from pipelines.examples import split_examples
from pipelines.nn.prepare import preparation_of
from pipelines.parameters import kinds, model_module, models, resolve, task_module
from pipelines.stages import train
from pipelines.workspace import Workspace
from tatara.core.files import read_json
from tatara.core.runtime import Runtime
from tests.tiny import data_of, make_pairs, make_shapes, make_sounds, make_tiny, mark_validated

DEEP = ("densenet121", "mask_rcnn", "resnet50")
"""Models whose depth their small configuration keeps: a minute and a half each, which `make test-full` spends."""
EVERY = [
    pytest.param((kind, model), id=model, marks=[pytest.mark.paper] if model in DEEP else [])
    for kind in kinds()
    for model in models(kind)
]
IMAGES = 12


@pytest.fixture(scope="module")
def tiny_project(module_project: Path) -> Path:
    """Few enough images that an epoch is a step or a few."""
    make_tiny(module_project, per_class=4)
    make_shapes(module_project, images=IMAGES)
    make_pairs(module_project, images=IMAGES)
    make_sounds(module_project, per_class=IMAGES // 3)
    return module_project


@pytest.fixture(scope="module", params=EVERY)
def trained(request: pytest.FixtureRequest, tiny_project: Path) -> Workspace:
    """A workspace in which the model has been trained for an epoch, in the model's own small configuration."""
    kind, model = request.param
    small: dict[str, Any] = model_module(kind, model).SMALL
    workspace = Workspace(tiny_project / ".tatara" / "runs" / model)
    data = data_of(kind, model_module(kind, model).Parameters.modality)
    mark_validated(workspace, data)
    train.run(workspace, resolve(kind, {"data": data, "model": model, "epochs": 1, **small}))
    keras.backend.clear_session()
    return workspace


@pytest.fixture(scope="module")
def converted(trained: Workspace) -> Path:
    """The folder of the convert stage, made in this process: the bytes' sameness is another test's concern."""
    with trained.writing("convert", trained.parameters("train")) as folder:
        conversion.convert(trained.path, folder)
    return trained.folder("convert")


def _outputs(model: keras.Model, images: np.ndarray) -> list[np.ndarray]:
    found = model(images, training=False)
    return [np.asarray(value) for value in (found.values() if isinstance(found, dict) else [found])]


def test_one_step_is_trained_saved_and_read_again(trained: Workspace) -> None:
    record, parameters = read_json(trained.folder("train") / "run.json"), trained.parameters("train")
    classes = read_json(trained.folder("train") / "classes.json")
    assert record["epochs_trained"] == 1
    model = blank_model(parameters, len(classes))
    assert model.count_params() == record["parameters"]
    assert any(layer.name.startswith("head") for layer in model.layers)
    images = np.random.default_rng(0).random((2, *preparation_of(parameters).shape), np.float32)
    fresh = _outputs(model, images)
    model.load_weights(trained.folder("train") / "model.weights.h5")
    answers = _outputs(model, images)
    assert all(np.isfinite(one).all() for one in answers)
    assert not all(np.allclose(one, other) for one, other in zip(answers, fresh, strict=True))
    assert (trained.folder("train") / "plots" / "samples.png").stat().st_size > 1000


def test_it_is_exported_and_proven(converted: Path, trained: Workspace) -> None:
    proof, runtime = read_json(converted / "parity.json"), Runtime(converted)
    assert proof["top1_equal"] is True
    assert proof["max_abs"] <= proof["tolerances"][runtime.kind.SCORE]
    parts = [one for example in split_examples(trained, "test") for one in example.windows(runtime.contract.tiling)]
    unscaled = getattr(runtime.contract.preparation, "resize", "") == "none"
    assert proof["examples"] == (len(parts) if unscaled else IMAGES)
    assert (
        runtime.contract.outputs.keys()
        == task_module(runtime.contract.kind).output_shapes(trained.parameters("train"), 2).keys()
    )


def test_the_serving_runtime_gives_tensorflows_answers_to_file_bytes(converted: Path) -> None:
    runtime, golden = Runtime(converted), read_json(converted / "golden" / "cases.json")
    for case in golden["cases"]:
        content = (converted / "golden" / case["file"]).read_bytes()
        expected = dict(np.load(converted / "golden" / case["answer"], allow_pickle=False))
        (found,) = runtime.answer_files([content])
        apart = runtime.kind.differences(expected, found)
        assert all(value <= golden["tolerances"][what] for what, value in apart.items()), apart
        pixels = runtime.admit(content)
        answer = runtime.kind.answer(runtime.contract, found, runtime.kind.Options(), pixels.shape[:2])
        assert runtime.kind.Answer.model_validate_json(answer.model_dump_json()) == answer
        assert runtime.kind.line(answer)
        shown = runtime.modality.pictured(pixels, runtime.contract.preparation)
        assert min(runtime.kind.overlay(shown, answer, runtime.contract.labels).size) > 0


def test_its_answers_are_recorded_and_measured(converted: Path, trained: Workspace) -> None:
    runtime = Runtime(converted)
    evaluation: Any = importlib.import_module(f"pipelines.tasks.{runtime.contract.kind}.evaluation")
    examples = split_examples(trained, "test")
    answers = runtime.answer([example.decoded(runtime.contract.preparation) for example in examples])
    records = [evaluation.record(runtime.contract, *pair) for pair in zip(examples, answers, strict=True)]
    table = evaluation.predictions(records, runtime.contract)
    assert set(table["digest"]) == {example.digest for example in examples}
    assert 0 <= evaluation.primary(records, runtime.contract) <= 1
    verdict = evaluation.paired(table, table, 0.02, 0)
    assert (verdict.difference.value, verdict.examples) == (0, IMAGES)
    differences, _ = evaluation.compared(table, table, seed=0)
    assert differences[evaluation.PRIMARY].value == 0
