"""What may be packaged, and under which name."""

import re
from pathlib import Path

import pytest

from pipelines.stages import check
from pipelines.stages.package import run, slug
from pipelines.workspace import Workspace
from tatara.core.errors import RefusedError
from tests.pipelines.stages.coloured import make_colours, parameters, registered


@pytest.mark.parametrize("name", ["digits", "flowers-102"])
def test_plain_names_stay_as_they_are(name: str) -> None:
    assert slug(name) == name


def test_other_names_become_ascii_and_stay_apart() -> None:
    names = ["手書き数字", "手書き文字", "Digits", "di gits", "di-gits", "a" * 80, "ü", "u", "-"]
    slugs = [slug(name) for name in names]

    assert len(set(slugs)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", found) for found in slugs)
    assert slugs[2].startswith("digits-")


@pytest.fixture
def workspace(project: Path) -> Workspace:
    """A workspace as register leaves it."""
    make_colours(project, "classification", 12)
    return registered(project, "first", parameters("classification"))


def refused(workspace: Workspace, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        run(workspace, parameters("classification"))
    assert not workspace.finished("package")
    assert not (workspace.path.parents[1] / "bentoml" / "bentos").exists()


def test_nothing_is_packaged_without_an_approval(workspace: Workspace) -> None:
    refused(workspace, "colours/1 is not approved")


def test_nothing_is_packaged_that_is_not_what_was_approved(workspace: Workspace) -> None:
    check.run(workspace, parameters("classification"))
    (workspace.folder("convert") / "parity.json").write_text("{}")

    refused(workspace, r"parity\.json is not what colours/1 was approved with")
