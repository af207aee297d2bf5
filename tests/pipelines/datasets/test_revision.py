"""A revision names a dataset's own entries, and nothing else."""

from pathlib import Path

import pytest

from pipelines.datasets.index import build_index
from pipelines.datasets.revision import indexed_revision, revision
from tests.pipelines.datasets.images import write_dataset, write_image


def test_it_changes_with_a_byte_a_name_and_the_description_alone(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "data" / "mine")
    seen = {revision(dataset)}
    write_dataset(tmp_path / "data" / "other")
    (dataset.folder / ".DS_Store").write_text("x")
    assert {revision(dataset)} == seen

    file = dataset.folder / "train" / "a" / "0.png"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    seen.add(revision(dataset))
    file.rename(file.with_name("9.png"))
    seen.add(revision(dataset))
    with (dataset.folder / "dataset.yaml").open("a") as description:
        description.write("notes: more\n")
    seen.add(revision(dataset))
    write_image(dataset.folder / "test" / "b" / "7.png", 700)
    seen.add(revision(dataset))
    assert len(seen) == 5


def test_the_index_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = write_dataset(tmp_path / "mine")
    (dataset.folder / "train" / "a" / "away.png").symlink_to("/etc/passwd")
    monkeypatch.setenv("TATARA_HOME", str(tmp_path / "state"))
    index = build_index(dataset)
    assert indexed_revision(dataset, dict(zip(index["path"], index["digest"], strict=True))) == revision(dataset)
