"""The suite of pairs: each fault fails its rule, and the failing row names the file and the value."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipelines.datasets.dataset import Dataset, read_description
from pipelines.datasets.index import build_index
from pipelines.validation.check import check
from tests.tiny import make_pairs


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TATARA_HOME", str(tmp_path / "state"))
    (tmp_path / "data.dvc").touch()
    make_pairs(tmp_path)
    folder = tmp_path / "data" / "pairs"
    return Dataset("pairs", folder, read_description(folder / "dataset.yaml"))


def failing(dataset: Dataset) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for row in check(dataset, build_index(dataset)).failing.itertuples():
        rows.setdefault(row.rule, {})[row.file] = row.value
    return rows


def test_sound_pairs_pass_and_are_counted(pairs: Dataset) -> None:
    result = check(pairs, build_index(pairs))
    assert failing(pairs) == {}
    assert (result.counted, result.counts.to_dict()) == ("pairs", {split: {"pairs": 4} for split in result.counts})
    assert {"width", "height", "mode"} <= {bound.column for bound in result.bounds}


def no_target(folder: Path) -> None:
    (folder / "train" / "targets" / "1.png").unlink()


def no_image(folder: Path) -> None:
    (folder / "train" / "images" / "1.png").unlink()


def of_another_size(folder: Path) -> None:
    path = folder / "valid" / "targets" / "0.png"
    Image.open(path).resize((20, 30)).save(path)


def unreadable(folder: Path) -> None:
    path = folder / "valid" / "targets" / "0.png"
    path.write_bytes(path.read_bytes()[:100])


def the_image_itself(folder: Path) -> None:
    image = Image.open(folder / "test" / "images" / "2.png")
    image.convert("RGB").save(folder / "test" / "targets" / "2.png")


def seen_in_training(folder: Path) -> None:
    Image.open(folder / "train" / "targets" / "0.png").save(folder / "test" / "targets" / "0.bmp")
    (folder / "test" / "targets" / "0.png").unlink()


def without_a_split(folder: Path) -> None:
    shutil.rmtree(folder / "valid" / "targets")


@pytest.mark.parametrize(
    ("spoil", "rule", "row"),
    [
        (no_target, "target_present", ("train/images/1.png", "nothing of its name in targets/")),
        (no_image, "in_place", ("train/targets/1.png", "targets")),
        (of_another_size, "target_size", ("valid/images/0.png", "the target is 20 x 30, upright the image is 28 x 30")),
        (unreadable, "target_readable", ("valid/images/0.png", None)),
        (the_image_itself, "target_differs", ("test/images/2.png", "test/targets/2.png")),
        (seen_in_training, "target_unique_across_splits", ("test/images/0.png", "train/images/0.png")),
        (without_a_split, "pairs_in_split", ("valid/pairs", 0)),
    ],
)
def test_a_fault_fails_its_rule(
    pairs: Dataset, spoil: Callable[[Path], None], rule: str, row: tuple[str, str | int | None]
) -> None:
    spoil(pairs.folder)
    file, value = row
    found = failing(pairs)[rule]
    assert list(found) == [file]
    assert found[file] == value if value is not None else "damaged" in found[file]
