"""Every kind's default model: stopped within an epoch and gone on with, it ends in the same weights, bit for bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.parameters import kinds, model_module, resolve, task_module
from pipelines.stages import train
from pipelines.training.callbacks import Recording
from pipelines.workspace import Workspace
from tatara.core.files import sha256_file
from tests.tiny import data_of, make_pairs, make_shapes, mark_validated

DENSE = [(kind, task_module(kind).DEFAULT_MODELS["image"]) for kind in kinds() if kind != "classification"]
"""Classification is killed at random steps in `tests.pipelines.training.test_resume`."""
PLAYERS = [("image", "pix2pix")]
STEPS, EVERY = 7, 3
"""It stops after seven of two epochs' four steps each, and has kept the sixth, in the middle of an epoch."""


@pytest.fixture(scope="module")
def shapes_project(module_project: Path) -> Path:
    make_shapes(module_project, images=8)
    make_pairs(module_project, images=8)
    return module_project


def trained(workspace: Workspace, kind: str, model: str) -> str:
    """The digest of the weights after all steps."""
    small: dict[str, Any] = {**model_module(kind, model).SMALL, "batch_size": 2, "checkpoint_steps": EVERY}
    if not workspace.finished("validate"):
        mark_validated(workspace, data_of(kind))
    train.run(workspace, resolve(kind, {"data": data_of(kind), "model": model, "epochs": 2, **small}))
    return sha256_file(workspace.folder("train") / "model.weights.h5")


def stopping_at(step: int) -> Callable[..., None]:
    """Recording that behaves as after Ctrl-C at that step."""
    original = Recording.on_train_batch_end

    def hooked(self: Recording, batch: int, logs: Any = None) -> None:
        original(self, batch, logs)
        if self.state.step == step:
            raise KeyboardInterrupt

    return hooked


@pytest.mark.parametrize(("kind", "model"), DENSE + PLAYERS)
def test_stopped_and_gone_on_with(shapes_project: Path, kind: str, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = trained(Workspace(shapes_project / model / "whole"), kind, model)
    broken = Workspace(shapes_project / model / "broken")
    with monkeypatch.context() as patch:
        patch.setattr(Recording, "on_train_batch_end", stopping_at(STEPS))
        with pytest.raises(KeyboardInterrupt):
            trained(broken, kind, model)
    assert trained(broken, kind, model) == whole
