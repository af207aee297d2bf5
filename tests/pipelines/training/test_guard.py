"""Training cannot open a test file, whatever path leads to it."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from pipelines.training.guard import forbid_opening
from tatara.core.errors import RefusedError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for split in ("train", "test", "testing"):
        (tmp_path / split / "a").mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / split / "a" / "x.png")
    (tmp_path / "train" / "a" / "link.png").symlink_to(tmp_path / "test" / "a" / "x.png")
    return tmp_path


def test_no_way_to_a_test_file_is_open(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = data / "test" / "a" / "x.png"
    monkeypatch.chdir(data / "train")
    ways = (
        lambda: file.read_bytes(),
        lambda: open("../test/a/x.png", "rb"),  # noqa: PTH123, SIM115
        lambda: open(os.fsencode(file), "rb"),  # noqa: PTH123, SIM115
        lambda: os.open(file, os.O_RDONLY),
        lambda: (data / "train" / "a" / "link.png").read_bytes(),
        lambda: Image.open(file),
    )
    with forbid_opening(data / "test"):
        for way in ways:
            with pytest.raises(RefusedError, match="test split"):
                way()
        with ThreadPoolExecutor(1) as pool, pytest.raises(RefusedError):
            pool.submit(file.read_bytes).result()


def test_other_files_and_the_time_after_are_free(data: Path) -> None:
    with forbid_opening(data / "test"):
        assert (data / "train" / "a" / "x.png").read_bytes()
        assert (data / "testing" / "a" / "x.png").read_bytes()
    assert (data / "test" / "a" / "x.png").read_bytes()
