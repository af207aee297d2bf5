"""What stops a run before anything is written."""

from pathlib import Path

import pytest

from pipelines.parameters import resolve
from pipelines.run import run_all
from pipelines.workspace import new_workspace
from tatara.core.errors import UsageError


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
