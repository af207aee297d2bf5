"""Digests against known values; writes that are whole or absent."""

import hashlib
import os
from pathlib import Path

import pytest

from tatara.core import files


def test_canonical_json_ignores_the_order_of_keys() -> None:
    assert files.canonical_json({"b": 1, "a": [1.5, "é"]}) == '{"a":[1.5,"é"],"b":1}'
    assert files.digest({"b": 1, "a": 2}) == files.digest({"a": 2, "b": 1})


def test_canonical_json_refuses_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant|Out of range"):
        files.canonical_json({"a": float("nan")})


def test_sha256_file_is_the_digest_of_its_bytes(tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "file").write_bytes(content)
    assert files.sha256_file(tmp_path / "file") == hashlib.sha256(content).hexdigest() == files.sha256_bytes(content)


def test_tree_lists_every_file_by_relative_path(tmp_path: Path) -> None:
    files.write_text(tmp_path / "b" / "二.txt", "x")
    files.write_text(tmp_path / "a.txt", "")
    assert list(files.tree(tmp_path)) == ["a.txt", "b/二.txt"]


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file"
    files.write_text(target, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write_text(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_whole_directory_appears_only_when_the_block_succeeds(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), files.whole_directory(tmp_path / "out") as folder:
        (folder / "half").write_text("x")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    for content in ("first", "second"):
        with files.whole_directory(tmp_path / "out") as folder:
            (folder / content).write_text(content)
            assert not (tmp_path / "out" / content).exists()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["second"]
