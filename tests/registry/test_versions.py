"""Model versions by reference, on a real store."""

from pathlib import Path

import pytest

from registry import store, versions
from tatara.core.errors import TataraError, UsageError


@pytest.fixture(scope="module")
def run_id(module_project: Path) -> str:
    """A run in a store whose first migration takes longer than all of the tests."""
    return str(store.client().create_run(store.experiment_id("exp")).info.run_id)


def test_references_find_what_they_mean(run_id: str) -> None:
    first = versions.create("digits", run_id, "convert", {"a": "1"})
    second = versions.create("digits", run_id, "convert", {"a": "2"})
    versions.set_alias("digits", versions.CHAMPION, first.version)
    versions.set_alias("digits", versions.CANDIDATE, second.version)
    assert versions.find("digits").tags["a"] == "1"
    assert versions.find("digits@candidate").tags["a"] == "2"
    assert versions.find("digits/2").tags["a"] == "2"
    champion = versions.champion("digits")
    assert champion is not None
    assert champion.version == first.version
    assert versions.champion("other") is None


@pytest.mark.parametrize("reference", ["nothing", "letters/9", "letters@candidate"])
def test_an_unknown_reference_is_a_usage_error(run_id: str, reference: str) -> None:
    versions.create("letters", run_id, "convert", {})
    with pytest.raises(UsageError, match="no "):
        versions.find(reference)


def test_artifacts_lie_under_the_state_root(run_id: str, module_project: Path) -> None:
    uri = store.client().get_run(run_id).info.artifact_uri
    assert uri.startswith((module_project / ".tatara").as_uri())


def test_a_damaged_database_is_one_line_with_the_remedy(project: Path) -> None:
    database = project / ".tatara" / "mlflow" / "mlflow.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    database.write_bytes(b"not a database" * 100)
    with pytest.raises(TataraError, match="run `tatara doctor`") as error:
        store.client()
    assert "\n" not in str(error.value)
