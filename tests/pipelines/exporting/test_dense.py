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

MODELS = {"detection": "ssd_mobilenet", "instances": "mask_rcnn_small", "segmentation": "unet"}
CLASSES = ("ground", "cat", "dog")


def _reference(kind: str) -> Reference:
    small: dict[str, Any] = model_module(kind, MODELS[kind]).SMALL
    parameters = resolve(kind, {"data": "d", "model": MODELS[kind], **small})
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model = blank_model(parameters, len(CLASSES))
    return Reference(task_module(kind), model, agreed(parameters, CLASSES), parameters)


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
        ("segmentation", "SelectV2"),
    ],
)
def test_litert_names_the_operator_that_it_lacks(kind: str, operator: str, tmp_path: Path) -> None:
    with pytest.raises(NotCarriedError, match=operator) as refused:
        litert.write(_reference(kind), tmp_path, "float32", ())
    assert operator in refused.value.operators
    assert operator in table([Row(format="tflite", missing=refused.value.operators, reason=str(refused.value))])
