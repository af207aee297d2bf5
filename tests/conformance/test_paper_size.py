"""The models at their papers' size: the published parameter counts, a training step, one export, its memory."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.catalogue import show_model
from pipelines.conversion.reference import blank_model, trained_model
from pipelines.parameters import resolve
from pipelines.stages import train
from pipelines.workspace import Workspace
from tests.exported import exports_at
from tests.tiny import make_shapes, mark_validated

# Trainable and not, with the 1,000 classes of ImageNet, as https://keras.io/api/applications lists them.
PUBLISHED = {"densenet121": 8_062_504, "mobilenet_v2": 3_538_984, "resnet50": 25_636_712, "vgg16": 138_357_544}


@pytest.mark.paper
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("model", "parameters"), PUBLISHED.items())
def test_parameters_are_those_published_and_it_exports(project: Path, model: str, parameters: int) -> None:
    exports_at(parameters, model, {"classes": "1000"})


@pytest.mark.paper
@pytest.mark.timeout(900)
def test_five_classes_at_224(project: Path) -> None:
    assert show_model("mobilenet_v2", {"width": "0.5", "classes": "5"}).parameters == 712_629
    assert show_model("vgg16", {"classes": "5"}).parameters == 134_281_029


OBJECTS = {"ssd300": ("detection", 24_948_866), "mask_rcnn": ("instances", 44_099_276)}
"""At their defaults, which are the papers', for ten classes; `tests.pipelines.tasks` derives the counts."""


@pytest.mark.paper
@pytest.mark.timeout(900)
@pytest.mark.parametrize("model", OBJECTS)
def test_a_step_of_a_detector_reaches_down_to_its_first_layer(module_project: Path, model: str) -> None:
    kind, folder = OBJECTS[model][0], module_project / model
    make_shapes(folder, images=1)
    (module_project / "data" / model).symlink_to(folder / "data" / "shapes")
    given: dict[str, Any] = {"data": model, "model": model, "epochs": 1, "batch_size": 1, "warmup_epochs": 0}
    workspace, parameters = Workspace(folder / "run"), resolve(kind, given)
    mark_validated(workspace, model)
    train.run(workspace, parameters)
    keras.utils.set_random_seed(parameters.seed)
    before, after = blank_model(parameters, 2), trained_model(workspace, 2)
    pairs = list(zip(before.trainable_variables, after.trainable_variables, strict=True))
    moved = [not np.array_equal(one, other) for one, other in pairs]
    assert moved[0]
    assert np.mean(moved) > 0.75  # what only large objects teach learns nothing from this image
    assert all(np.isfinite(other).all() for _, other in pairs)
    keras.backend.clear_session()


@pytest.mark.paper
@pytest.mark.timeout(900)
@pytest.mark.parametrize("model", OBJECTS)
def test_a_detector_exports(project: Path, model: str) -> None:
    exports_at(OBJECTS[model][1], model, {})
