"""What may be packaged, and under which name."""

import re
from pathlib import Path

import pytest

from pipelines.stages import check
from pipelines.stages.package import run, slug
from pipelines.workspace import Workspace
from registry import policy, review, users
from registry.signed import BEFORE_PACKAGING, sign_version
from registry.signing import make_keys
from registry.store import local_artifacts
from tatara.core.errors import RefusedError
from tatara.core.files import read_json, write_text
from tatara.core.home import state_root
from tatara.verbs.serve import bento_tag
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


def test_where_the_policy_asks_for_signatures_what_is_unsigned_or_altered_goes_no_further(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = (Path(policy.__file__).parent / "policies" / "classification.yaml").read_text()
    write_text(tmp_path / "policies" / "classification.yaml", rules.replace("signed: false", "signed: true"))
    monkeypatch.setenv("TATARA_POLICIES", str(tmp_path / "policies"))
    private, _ = make_keys()
    check.run(workspace, parameters("classification"))
    refused(workspace, r"asks for a signature: .*; look, then: tatara sign colours/1")

    sign_version("colours/1", private, BEFORE_PACKAGING)
    run(workspace, parameters("classification"))
    users.add("ana", "ana", "admin")
    with pytest.raises(RefusedError, match="asks for a signature"):
        review.promote("ana", "colours", "1")

    with pytest.raises(RefusedError, match=r"bentos/colours/1 is not signed"):
        bento_tag("colours/1")

    sign_version("colours/1", private)
    assert bento_tag("colours/1") == "colours:1"
    model = state_root() / "bentoml" / "models" / "colours" / "1"
    assert read_json(model / "release.json") == {"name": "colours", "version": "1", "signed": True}
    evidence = local_artifacts(workspace.run_id, "check") / "evidence.json"
    content = evidence.read_bytes()
    evidence.write_bytes(content.replace(b'"seed"', b'"sead"'))
    with pytest.raises(RefusedError, match=r"evidence\.json"):
        review.promote("ana", "colours", "1")
    evidence.write_bytes(content)
    assert review.promote("ana", "colours", "1").role == "champion"
