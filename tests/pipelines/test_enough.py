"""Test splits that cannot show that int8 holds, whatever it answers."""

from pathlib import Path

import pytest

from pipelines.enough import refuse_undecidable
from pipelines.parameters import resolve
from pipelines.stages import train
from pipelines.workspace import Workspace
from tatara.core.errors import RefusedError
from tests.tiny import make_shapes, make_tiny, mark_validated


@pytest.fixture(scope="module")
def validated(module_project: Path) -> Path:
    """Workspaces by name of the dataset: 36 test images with a class each; 4 with two objects each."""
    make_tiny(module_project)
    make_shapes(module_project)
    for name in ("tiny", "shapes"):
        mark_validated(Workspace(module_project / name), name)
    return module_project


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("classification", "tiny", r"36 test examples hold 36 decisions \(examples\), and it takes 133"),
        ("detection", "shapes", r"4 test examples hold 8 decisions \(marked objects\), and it takes 133"),
        ("instances", "shapes", r"4 test examples hold 8 decisions \(marked objects\), and it takes 133"),
        (
            "segmentation",
            "shapes",
            r"4 test examples hold 12 decisions \(images times classes, at most\), and it takes",
        ),
    ],
)
def test_too_few_decisions_are_refused_before_training(validated: Path, kind: str, data: str, said: str) -> None:
    workspace = Workspace(validated / data)
    with pytest.raises(RefusedError, match=said):
        train.run(workspace, resolve(kind, {"data": data, "int8": True}))
    assert not (workspace.path / "checkpoint").exists()


def test_enough_decisions_and_float32_pass(validated: Path) -> None:
    workspace = Workspace(validated / "tiny")
    refuse_undecidable(workspace, resolve("classification", {"data": "tiny", "int8": True, "int8_margin": 0.1}))
    refuse_undecidable(workspace, resolve("classification", {"data": "tiny"}))
