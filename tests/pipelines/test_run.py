"""What stops a run before anything is written."""

from pathlib import Path

import pytest

from pipelines.parameters import resolve
from pipelines.run import run_all
from pipelines.workspace import Workspace, new_workspace
from tatara.core.errors import UsageError
from tatara.core.files import write_json


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        (
            "detection",
            "digits",
            "data=digits is of kind classification, and detection trains on detection or instances",
        ),
        ("classification", "scenes", "data=scenes is of kind instances, and classification trains on classification"),
        ("instances", "digit", "did you mean 'digits'"),
    ],
)
def test_data_of_a_kind_that_cannot_be_trained_on_is_refused(project: Path, kind: str, data: str, said: str) -> None:
    parameters = resolve(kind, {"data": data})
    workspace = new_workspace(parameters)
    with pytest.raises(UsageError, match=said):
        run_all(workspace, parameters)
    assert not workspace.path.exists()


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("segmentation", {"data": "scenes", "model": "unet", "weights": "imagenet"}, "unet has no ImageNet weights"),
        ("detection", {"data": "scenes", "weights": "imagenet", "tune": "none"}, "imagenet knows none of the classes"),
        ("classification", {"data": "digits", "tune": "head"}, "tune=head keeps given features"),
        ("classification", {"data": "digits", "weights": "nowhere"}, "weights=nowhere: not imagenet, a run"),
        (
            "classification",
            {"data": "digits", "weights": "earlier", "tune": "none"},
            r"weights=earlier answers with 2 classes \(a, b\), data=digits has 10 classes \(0, 1, 2, 3 and 6 more\)",
        ),
    ],
)
def test_weights_that_cannot_be_started_from_are_refused(
    project: Path, kind: str, given: dict[str, str], said: str
) -> None:
    parameters = resolve(kind, given)
    with Workspace(project / ".tatara" / "runs" / "earlier").writing("train", resolve(kind, {"data": "d"})) as folder:
        write_json(folder / "classes.json", ["a", "b"])
    workspace = new_workspace(parameters)
    with pytest.raises(UsageError, match=said):
        run_all(workspace, parameters)
    assert not workspace.path.exists()
