"""The prediction log: what is kept of a request, and that it is enough to answer it again."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from services import journal, metrics
from services.journal import Journal, Writer, find
from services.seen import Seen
from tatara.core.errors import UsageError
from tatara.core.files import sha256_bytes

ANSWER = {"label": "red", "scores": [{"label": "red", "score": 0.75}, {"label": "blue", "score": 0.25}]}


def seen(number: int = 1, model: str = "colours", status: int = 200, files: int = 1) -> Seen:
    made = Seen(f"request-{number}", "POST", "/predict", began=1_800_000_000 + number, status=status, model=model)
    made.version, made.lineage, made.graph, made.seconds = "3", "f" * 64, "model.onnx", 0.25
    made.files = [(f"{i}.png", f"content {number}/{i}".encode()) for i in range(files)]
    made.options, made.answers = {"top": "2"}, [json.dumps(ANSWER).encode()] * files
    return made


def logged(folder: Path, *requests: Seen, **how: object) -> Path:
    writer = Writer(Journal(folder, **how))  # type: ignore[arg-type]
    for one in requests:
        writer.write(one)
    writer.close()
    return folder


def test_a_row_a_file_with_all_that_was_asked_and_answered(tmp_path: Path) -> None:
    logged(tmp_path, seen(1), seen(2, files=2))
    one, two = find(tmp_path, "request-2")
    assert [one["file"], two["file"]] == ["0.png", "1.png"]
    assert one["sha256"] == sha256_bytes(b"content 2/0")
    assert one["content"] is None
    assert json.loads(one["answer"]) == ANSWER
    assert json.loads(one["options"]) == {"top": "2"}
    assert (one["model"], one["version"], one["graph"], one["seconds"]) == ("colours", "3", "model.onnx", 0.25)
    assert one["at"].timestamp() == 1_800_000_002


def test_files_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    (row,) = find(logged(tmp_path, seen(), images=True), "request-1")
    assert row["content"] == b"content 1/0"


def test_redacted_fields_are_nowhere_in_the_files(tmp_path: Path) -> None:
    logged(tmp_path, seen(), redact=("label",))
    (row,) = find(tmp_path, "request-1")
    scores = [{"label": "redacted", "score": 0.75}, {"label": "redacted", "score": 0.25}]
    assert json.loads(row["answer"]) == {"label": "redacted", "scores": scores}


def test_refused_requests_are_not_kept(tmp_path: Path) -> None:
    logged(tmp_path, seen(status=422))
    assert list(tmp_path.glob("*/*")) == []


def test_a_share_of_the_requests_is_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.journal.random", np.random.default_rng(0))
    logged(tmp_path, *[seen(i, files=2) for i in range(400)], sample=0.25)
    rows = pyarrow.parquet.read_table(next(tmp_path.glob("*/*.parquet"))).to_pylist()
    kept = [row["request_id"] for row in rows]
    assert all(kept.count(one) == 2 for one in set(kept))
    assert 66 <= len(set(kept)) <= 135  # 100 expected; beyond four standard deviations


def test_files_are_ended_when_they_are_full_and_none_is_half_written(tmp_path: Path) -> None:
    logged(tmp_path, *[seen(i) for i in range(25)], rows=10)
    sizes = [pyarrow.parquet.read_metadata(path).num_rows for path in sorted(tmp_path.glob("*/*.parquet"))]
    assert sizes == [10, 10, 5]
    assert {path.suffix for path in tmp_path.glob("*/*")} == {".parquet"}


def test_rows_do_not_wait_longer_than_asked(tmp_path: Path) -> None:
    writer = Writer(Journal(tmp_path, seconds=0.05))
    writer.write(seen())
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob("*/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert find(tmp_path, "request-1")
    writer.close()


def test_old_files_are_deleted(tmp_path: Path) -> None:
    logged(tmp_path, seen(1))
    (old,) = tmp_path.glob("*/*.parquet")
    os.utime(old, (0, time.time() - 86400 * 31))
    logged(tmp_path, seen(2))
    assert not old.exists()
    assert find(tmp_path, "request-2")


def test_a_hostile_name_stays_in_the_folder(tmp_path: Path) -> None:
    logged(tmp_path / "log", seen(model="../../elsewhere"), seen(2, model="."))
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
    assert find(tmp_path / "log", "request-1")[0]["model"] == "../../elsewhere"


def test_a_full_disk_loses_rows_that_are_counted_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = metrics.JOURNAL_DROPPED._value.get()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(journal, "_store", full)
        logged(tmp_path, seen(1), seen(2))
    assert metrics.JOURNAL_DROPPED._value.get() == before + 2
    assert "No space left on device" in caplog.text
    assert find(logged(tmp_path, seen(3)), "request-3")


def test_of_two_requests_with_one_id_the_latest_is_found(tmp_path: Path) -> None:
    first, second = seen(1), seen(2)
    second.id = first.id
    (row,) = find(logged(tmp_path, first, second), "request-1")
    assert row["sha256"] == sha256_bytes(b"content 2/0")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SAMPLE", "1.5", "a share from 0 to 1"),
        ("SAMPLE", "half", "a share from 0 to 1"),
        ("DAYS", "-1", "at least 0"),
        ("IMAGES", "yes", "1 keeps the files"),
    ],
)
def test_wrong_settings_are_refused(
    name: str, value: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TATARA_JOURNAL", str(tmp_path))
    monkeypatch.setenv(f"TATARA_JOURNAL_{name}", value)
    with pytest.raises(UsageError, match=said):
        journal.wanted()


def test_settings_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert journal.wanted() is None
    given = {"": str(tmp_path), "_SAMPLE": "0.5", "_REDACT": "label, box", "_IMAGES": "1", "_DAYS": "7"}
    for name, value in given.items():
        monkeypatch.setenv(f"TATARA_JOURNAL{name}", value)
    assert journal.wanted() == Journal(tmp_path, 0.5, ("label", "box"), True, days=7)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no prediction log"):
        find(tmp_path, "request-1")
    with pytest.raises(UsageError, match="no request request-9"):
        find(logged(tmp_path, seen()), "request-9")
