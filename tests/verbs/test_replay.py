"""A logged request answered again: the same, another, or not at all."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow.parquet
import pytest

from services.door import Door
from services.engine import Engine
from services.models import Models
from services.observing import Observers
from services.settings import Pin, Settings
from tatara import cli
from tests.services.model_folder import build, plain

FILES = [plain(200, 10, 10), plain(10, 10, 200)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("replay")
    build(root / "made")
    (root / "state").mkdir()
    (root / "made" / "home").rename(root / "state" / "bentoml")
    return root / "state"


@pytest.fixture
def state(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TATARA_HOME", str(home))
    monkeypatch.setenv("TATARA_JOURNAL", str(tmp_path / "journal"))
    return home


def served(state: Path, query: str = "top=2") -> str:
    """The id of a request about `FILES` that a service with a prediction log has answered."""

    async def nothing(*_: object) -> None:
        raise AssertionError

    async def ask() -> str:
        engine = Engine(Pin(state / "bentoml" / "models" / "colours" / "1"), Settings(threads=1))
        await engine.start()
        observers = Observers()
        transport = httpx.ASGITransport(Door(nothing, Models(engine), observers=observers))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
            files = [("files", (f"{i}.png", content)) for i, content in enumerate(FILES)]
            answer = await http.post(f"/predict?{query}", files=files)
            assert answer.status_code == 200
        observers.close()
        engine.stop()
        return str(answer.headers["x-request-id"])

    return asyncio.run(ask())


def test_with_its_files_in_the_log_it_is_answered_the_same(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TATARA_JOURNAL_IMAGES", "1")
    assert cli.main(["replay", served(state), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same"] is True
    assert [one["answer"]["label"] for one in found["files"]] == ["red", "blue"]
    assert [len(one["answer"]["top"]) for one in found["files"]] == [2, 2]


def test_without_them_they_are_asked_for_and_told_by_their_digest(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = served(state)
    assert cli.main(["replay", identity]) == 2
    assert "the log holds its digest" in capsys.readouterr().err
    paths = []
    for i, content in enumerate(FILES):
        path = tmp_path / f"of-any-name-{i}.png"
        path.write_bytes(content)
        paths.append(str(path))
    assert cli.main(["replay", identity, *reversed(paths)]) == 0
    assert capsys.readouterr().out.count("the same answer") == 2


def test_another_answer_is_told(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TATARA_JOURNAL_IMAGES", "1")
    identity = served(state)
    (path,) = (tmp_path / "journal").glob("*/*.parquet")
    table = pyarrow.parquet.read_table(path)
    rows = table.to_pylist()
    rows[1]["answer"] = rows[1]["answer"].replace("blue", "green")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, table.schema), path)
    assert cli.main(["replay", identity, "--json"]) == 3
    assert [one["same"] for one in json.loads(capsys.readouterr().out)["files"]] == [True, False]


def test_what_was_redacted_is_not_compared(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TATARA_JOURNAL_IMAGES", "1")
    monkeypatch.setenv("TATARA_JOURNAL_REDACT", "label")
    assert cli.main(["replay", served(state)]) == 0


def test_a_model_of_another_lineage_does_not_answer(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TATARA_JOURNAL_IMAGES", "1")
    identity = served(state)
    (path,) = (tmp_path / "journal").glob("*/*.parquet")
    table = pyarrow.parquet.read_table(path)
    rows = [{**row, "lineage": "0" * 64} for row in table.to_pylist()]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, table.schema), path)
    assert cli.main(["replay", identity]) == 3
    assert "another lineage" in capsys.readouterr().err


def test_unknown_requests_and_missing_words_are_one_line(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay"]) == 2
    assert cli.main(["replay", "nobody"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
