"""Detectors and segmenters: what carries them answers as TensorFlow does, and what cannot names the operator."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.conversion.contract import agreed
from pipelines.conversion.reference import Reference, blank_model
from pipelines.exporting import litert, saved_model
from pipelines.exporting.carrier import NotCarriedError
from pipelines.exporting.row import Row, table
from pipelines.parameters import model_module, resolve, task_module

MODELS = {"detection": "ssd_mobilenet", "instances": "mask_rcnn_small", "segmentation": "unet", "image": "unet_image"}
CLASSES = ("ground", "cat", "dog")


def _reference(kind: str) -> Reference:
    small: dict[str, Any] = model_module(kind, MODELS[kind]).SMALL
    classes = () if kind == "image" else CLASSES
    parameters = resolve(kind, {"data": "d", "model": MODELS[kind], **small})
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model = blank_model(parameters, len(classes))
    return Reference(task_module(kind), model, agreed(parameters, classes), parameters)


@pytest.mark.parametrize("kind", MODELS)
def test_a_saved_model_answers_as_the_trained_one(kind: str, tmp_path: Path) -> None:
    reference = _reference(kind)
    saved_model.write(reference, tmp_path)
    loaded = saved_model.SavedModel(tmp_path, reference.contract)
    for size in ((37, 50), (64, 21)):
        pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
        expected, (found,) = reference.answer(pixels), loaded.answer([pixels])
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert found[name].dtype == value.dtype
            np.testing.assert_allclose(found[name], value, atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "operator"),
    [
        ("detection", "CombinedNonMaxSuppression"),
        ("instances", "CombinedNonMaxSuppression"),
    ],
)
def test_litert_names_the_operator_that_it_lacks(kind: str, operator: str, tmp_path: Path) -> None:
    with pytest.raises(NotCarriedError, match=operator) as refused:
        litert.write(_reference(kind), tmp_path, "float32", ())
    assert operator in refused.value.operators
    assert operator in table([Row(format="tflite", missing=refused.value.operators, reason=str(refused.value))])


@pytest.mark.parametrize("kind", ["segmentation", "image"])
def test_litert_answers_as_the_trained_model_at_any_size(kind: str, tmp_path: Path) -> None:
    reference = _reference(kind)
    litert.write(reference, tmp_path, "float32", ())
    loaded = litert.LiteRt(tmp_path, reference.contract)
    for size in ((37, 50), (64, 21)):
        pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
        expected, (found,) = reference.answer(pixels), loaded.answer([pixels])
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert found[name].dtype == value.dtype
            assert np.abs(found[name].astype(float) - value).max() <= (1 if name == "image" else 1e-3)


def test_an_operator_that_fails_while_it_runs_is_named(tmp_path: Path) -> None:
    reference = _reference("segmentation")
    litert.write(reference, tmp_path, "float32", ())
    loaded = litert.LiteRt(tmp_path, reference.contract)
    with pytest.raises(NotCarriedError, match="LiteRT .finish.tflite. has no RANGE on these values"):
        planes = np.zeros(reference.contract.outputs["probabilities"], np.float32)
        loaded.call("finish", {"model_probabilities": planes, "size": np.array([-1, 5], np.int32)})
