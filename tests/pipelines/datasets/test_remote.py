"""Users' data goes to the users' remote, never into the embedded one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.datasets.add import add
from pipelines.datasets.dataset import open_dataset
from pipelines.datasets.remote import pull, push
from pipelines.datasets.revision import revision
from tatara.core.errors import TataraError, UsageError
from tests.pipelines.datasets.images import image_folder


def run(folder: Path, *words: str) -> str:
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout


def clone(project: Path, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit the project's state and go to a fresh clone of it, as another machine would have it."""
    run(project, "git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qam", "data")
    run(project, "git", "clone", "-q", str(project), str(to))
    monkeypatch.chdir(to)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(to / ".tatara" / "dvc" / "site"))


def test_users_data_and_the_remotes(tiny_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = tiny_project / ".dvc" / "embedded"
    before = sorted(embedded.rglob("*"))
    tiny = revision(open_dataset("tiny"))
    report = add(image_folder(tmp_path / "source", {"a": 5, "b": 5}, start=1000), "mine")
    assert revision(open_dataset("tiny")) == tiny

    run(tiny_project, "dvc", "push")
    assert sorted(embedded.rglob("*")) == before
    with pytest.raises(UsageError, match="dvc remote add -d team"):
        push()

    clone(tiny_project, tmp_path / "too early", monkeypatch)
    with pytest.raises(TataraError, match="tatara data push") as caught:
        pull()
    assert "\n" not in str(caught.value)

    monkeypatch.chdir(tiny_project)
    run(tiny_project, "dvc", "remote", "add", "-q", "-d", "team", str(tmp_path / "team"))
    assert push() == ("team", 13 + 11 + 1)
    assert sorted(embedded.rglob("*")) == before
    clone(tiny_project, tmp_path / "second", monkeypatch)
    assert pull() == ["mine", "tiny"]
    assert revision(open_dataset("tiny")) == tiny
    assert revision(open_dataset("mine")) == report.revision


def test_a_push_that_fails_leaves_the_record(tiny_project: Path, tmp_path: Path) -> None:
    add(image_folder(tmp_path / "source", {"a": 5, "b": 5}, start=1000), "mine")
    (tmp_path / "file").write_text("no folder")
    run(tiny_project, "dvc", "remote", "add", "-q", "-d", "team", str(tmp_path / "file" / "below"))
    record = (tiny_project / "data.dvc").read_bytes()
    with pytest.raises(TataraError) as caught:
        push()
    assert "\n" not in str(caught.value)
    assert (tiny_project / "data.dvc").read_bytes() == record


def test_pull_brings_back_what_is_missing(tiny_project: Path) -> None:
    shutil.rmtree(tiny_project / "data")
    assert pull() == ["tiny"]
    assert (tiny_project / "data" / "tiny" / "test" / "a").is_dir()
