"""The networks at their papers' size: one training step, and an export."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.parameters import resolve
from pipelines.tasks.segmentation import task
from tests.exported import exports_at

PAPER: dict[str, dict[str, Any]] = {
    **{model: {"width": 1, "norm": "none", "size": 320} for model in ("fcn32s", "fcn16s", "fcn8s")},
    "unet": {"width": 64, "norm": "none", "size": 512},
}
PUBLISHED = {
    "fcn32s": 136_152_917,
    "fcn16s": 134_815_994,
    "fcn8s": 134_489_759,
    "unet": 31_030_593 + 2 * 9 * 64 + 20 * 65,
}
"""With the 21 classes of PASCAL VOC; U-Net's count is for grey images and one class, see `test_models`."""


@pytest.mark.paper
@pytest.mark.timeout(900)
@pytest.mark.parametrize("model", PAPER)
def test_one_step_moves_every_layer_that_learns(model: str) -> None:
    parameters = resolve("segmentation", {"data": "d", "model": model, **PAPER[model]})
    generator = np.random.default_rng(0)
    images = generator.uniform(-1, 1, (1, parameters.size, parameters.size, 3)).astype(np.float32)
    truth = generator.integers(0, 21, (1, parameters.size, parameters.size), np.uint8)
    keras.utils.set_random_seed(0)
    built = task.build(parameters, 21)
    built.compile(keras.optimizers.SGD(1e-4), task.loss(parameters, truth, 21))
    before = [variable.numpy() for variable in built.trainable_variables]
    assert np.isfinite(built.train_on_batch(images, truth))
    after = [variable.numpy() for variable in built.trainable_variables]
    assert all((one != other).any() for one, other in zip(before, after, strict=True))
    keras.backend.clear_session()


@pytest.mark.paper
@pytest.mark.timeout(900)
@pytest.mark.parametrize("model", PAPER)
def test_it_exports(project: Path, model: str) -> None:
    given = {name: str(value) for name, value in PAPER[model].items()}
    exports_at(PUBLISHED[model], model, {**given, "classes": "21"})
