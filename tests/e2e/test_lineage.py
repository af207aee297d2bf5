"""Flip a byte anywhere in the chain: the command names the link and exits with 3."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.lineage.verify import artifact_paths, find_chain, verify
from tatara.cli import main
from tatara.core.errors import RefusedError
from tatara.core.lineage import LinkName

LINKS = ["data", "validation", "code", "run", "onnx", "evaluation", "version", "approval", "bento"]


@contextmanager
def flipped(path: Path, at: float = 0.5) -> Iterator[None]:
    """One bit of the file is another inside the block."""
    content = path.read_bytes()
    if content:
        changed = bytearray(content)
        changed[int(len(content) * at)] ^= 1
        path.write_bytes(changed)
    else:
        path.write_bytes(b"x")
    try:
        yield
    finally:
        path.write_bytes(content)


@contextmanager
def changed(database: Path, statement: str, undo: str) -> Iterator[None]:
    """A row of MLflow's database is another inside the block."""
    for words, last in ((statement, False), (undo, True)):
        with sqlite3.connect(database) as connection:
            assert connection.execute(words).rowcount == 1
        connection.close()
        if not last:
            try:
                yield
            except BaseException:
                with sqlite3.connect(database) as connection:
                    connection.execute(undo)
                connection.close()
                raise


def broken_link(reference: str) -> str:
    with pytest.raises(RefusedError, match="lineage: link '") as refusal:
        verify(reference)
    return str(refusal.value).split("'")[1]


def test_the_chain_is_whole_and_leads_from_the_header_to_the_data(finished: dict[str, Any], capsys: Any) -> None:
    reference = f"{finished['name']}/{finished['version']}"
    assert main(["lineage", "verify", reference]) == 0
    chain = verify(finished["lineage"])
    assert [link.name for link in chain.links] == LINKS
    assert chain.link("data").facts["name"] == "digits"
    approval = chain.link("approval").facts
    assert (approval["automatic"], approval["by"]) == (True, ["policy:classification"])
    assert approval == {**finished["approval"], "decision": "approved"}


def test_every_artifact_that_the_chain_knows_is_held_to_its_digest(finished: dict[str, Any]) -> None:
    reference = f"{finished['name']}/{finished['version']}"
    known: list[tuple[LinkName, str, Path]] = list(artifact_paths(find_chain(reference)))
    assert {link for link, _, _ in known} == {"validation", "run", "onnx", "evaluation", "approval", "bento"}
    for link, where, path in known:
        with flipped(path):
            assert broken_link(reference) == link, where
    verify(reference)


def test_every_link_with_facts_alone_is_held_to_what_it_names(finished: dict[str, Any], module_project: Path) -> None:
    reference = f"{finished['name']}/{finished['version']}"
    image = next((module_project / "data" / "digits" / "train").rglob("*.png"))
    with flipped(image):
        assert broken_link(reference) == "data"
    with flipped(module_project / "data" / "digits" / "dataset.yaml", at=0.99):
        assert broken_link(reference) == "data"
    with flipped(module_project / "requirements" / "train.txt"):
        assert broken_link(reference) == "code"


@pytest.mark.parametrize(
    ("statement", "undo", "link"),
    [
        ("UPDATE params SET value='7' WHERE key='epochs'", "UPDATE params SET value='1' WHERE key='epochs'", "run"),
        (
            "UPDATE model_version_tags SET value='x' WHERE key='tatara.revision'",
            "UPDATE model_version_tags SET value='{revision}' WHERE key='tatara.revision'",
            "version",
        ),
        (
            "UPDATE model_version_tags SET value='x' WHERE key='tatara.lineage'",
            "UPDATE model_version_tags SET value='{lineage}' WHERE key='tatara.lineage'",
            "approval",
        ),
        (
            "UPDATE model_version_tags SET value='x' WHERE key='tatara.chain'",
            "UPDATE model_version_tags SET value='{chain}' WHERE key='tatara.chain'",
            "bento",
        ),
        (
            "UPDATE tatara_audit SET user='x' WHERE act='approve'",
            "UPDATE tatara_audit SET user='policy:classification' WHERE act='approve'",
            "approval",
        ),
    ],
)
def test_every_record_in_the_store_is_held_to_the_chain(
    finished: dict[str, Any], module_project: Path, statement: str, undo: str, link: str
) -> None:
    reference = f"{finished['name']}/{finished['version']}"
    chain = find_chain(reference)
    values = {
        "revision": chain.link("data").facts["revision"],
        "lineage": finished["lineage"],
        "chain": chain.digest,
    }
    database = module_project / ".tatara" / "mlflow" / "mlflow.db"
    with changed(database, statement, undo.format(**values)):
        assert broken_link(reference) == link
    verify(reference)


def test_the_record_itself_is_held_to_its_digests(finished: dict[str, Any], capsys: Any) -> None:
    from registry.store import local_artifacts

    reference = f"{finished['name']}/{finished['version']}"
    record = local_artifacts(finished["run_id"], "package/lineage.json")
    for at in (0.05, 0.3, 0.6, 0.95):
        with flipped(record, at):
            assert main(["lineage", "verify", reference]) == 3
            assert capsys.readouterr().err.startswith("tatara: lineage: ")


def test_a_file_added_to_the_bento_is_noticed(finished: dict[str, Any], module_project: Path) -> None:
    added = module_project / ".tatara" / "bentoml" / "bentos" / finished["bento"].replace(":", "/") / "src" / "added.py"
    added.write_text("print()")
    assert broken_link(f"{finished['name']}/{finished['version']}") == "bento"
    added.unlink()
