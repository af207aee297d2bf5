import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image

from pipelines.datasets.dataset import open_dataset
from pipelines.datasets.index import build_index
from pipelines.datasets.revision import revision
from pipelines.validation import report
from pipelines.validation.check import check
from pipelines.validation.suite import FOLDER


def grey(folder: Path, path: str, level: int, size: tuple[int, int] = (16, 16)) -> None:
    Image.new("L", size, level).save(folder / path)


def truncate(folder: Path) -> None:
    path = folder / "train/cat/0.png"
    path.write_bytes(path.read_bytes()[:200])


def nearly_copy(folder: Path) -> None:
    pixels = np.asarray(Image.open(folder / "train/dog/1.png")).copy()
    pixels[0, 0] ^= 1
    Image.fromarray(pixels).save(folder / "valid/dog/like.png")


def overfill(folder: Path) -> None:
    for number in range(50):
        coarse = np.random.default_rng(number + 99).integers(0, 256, (8, 9, 3), np.uint8)
        Image.fromarray(coarse).save(folder / f"train/cat/more-{number}.png")


def stray(folder: Path) -> None:
    shutil.move(folder / "valid/dog", folder / "extra")


SPOILED: dict[str, tuple[Callable[[Path], object], dict[str, dict[str, object]]]] = {
    "nothing": (lambda folder: None, {}),
    "zero bytes": (
        lambda folder: (folder / "test/dog/1.png").write_bytes(b""),
        {
            "decodes": {"test/dog/1.png": "the file is empty (0 bytes)"},
            "file_size": {"test/dog/1.png": 0},
        },
    ),
    "text that is called an image": (
        lambda folder: (folder / "test/cat/1.png").write_text("no image " * 9),
        {"decodes": {"test/cat/1.png": "not an image: 81 bytes in no format that is read here"}},
    ),
    "a class that is not named": (
        lambda folder: shutil.move(folder / "train/cat/0.png", _made(folder / "train/wolf") / "0.png"),
        {"known_label": {"train/wolf/0.png": "wolf"}},
    ),
    "a file beside the splits": (
        lambda folder: shutil.move(folder / "train/cat/0.png", folder / "0.png"),
        {"known_split": {"0.png": "(none)"}, "known_label": {"0.png": "(none)"}},
    ),
    "a class without files in a split": (
        lambda folder: shutil.rmtree(folder / "valid/dog"),
        {"class_present": {"valid/dog": 0}, "class_balance": {"valid/dog": 0}},
    ),
    "a test image among the training images": (
        lambda folder: shutil.copy(folder / "train/dog/2.png", folder / "test/dog/seen.png"),
        {"unique_across_splits": {"test/dog/seen.png": "train/dog/2.png"}},
    ),
    "a test image almost among the training images": (
        nearly_copy,
        {"distinct_across_splits": {"valid/dog/like.png": 0}},
    ),
    "one image under two labels": (
        lambda folder: shutil.copy(folder / "train/dog/2.png", folder / "train/cat/dog.png"),
        {"one_label_per_image": {"train/cat/dog.png": "dog", "train/dog/2.png": "cat"}},
    ),
    "a point": (
        lambda folder: grey(folder, "train/cat/0.png", 90, (1, 1)),
        {
            "width": {"train/cat/0.png": 1},
            "height": {"train/cat/0.png": 1},
            "pixels": {"train/cat/0.png": 1},
            "brightness_deviation": {"train/cat/0.png": 0},
        },
    ),
    "a black image": (
        lambda folder: grey(folder, "valid/cat/0.png", 0),
        {"brightness_mean": {"valid/cat/0.png": 0}, "brightness_deviation": {"valid/cat/0.png": 0}},
    ),
    "a white image": (
        lambda folder: grey(folder, "valid/cat/0.png", 255),
        {"brightness_mean": {"valid/cat/0.png": 255}, "brightness_deviation": {"valid/cat/0.png": 0}},
    ),
    "an even grey image": (
        lambda folder: grey(folder, "valid/cat/0.png", 128),
        {"brightness_deviation": {"valid/cat/0.png": 0}},
    ),
}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(("spoil", "expected"), SPOILED.values(), ids=SPOILED)
def test_each_fault_fails_its_rule_and_names_its_file(pets, checked, spoil, expected):
    spoil(pets.folder)
    result = checked()
    found: dict[str, dict[str, object]] = {}
    for row in result.failing.itertuples():
        found.setdefault(row.rule, {})[row.file] = row.value
    assert found == expected
    assert {rule.rule for rule in result.rules if not rule.success} == set(expected)
    assert {rule.rule: rule.failing for rule in result.rules if rule.failing} == {
        rule: len(files) for rule, files in expected.items()
    }


def test_a_truncated_image(pets, checked):
    truncate(pets.folder)
    (row,) = checked().failing.itertuples()
    assert (row.file, row.rule) == ("train/cat/0.png", "decodes")
    assert row.value.startswith("damaged image: ")


def test_near_duplicates_are_listed_in_pairs_and_do_not_refuse(pets, checked):
    nearly_copy(pets.folder)
    result = checked()
    assert result.success
    assert result.near_duplicates.to_dict("records") == [
        {"file": "valid/dog/like.png", "near": "train/dog/1.png", "distance": 0}
    ]


def test_critical_rows_come_first_and_the_refusal_names_count_rule_file_and_command(pets, checked):
    nearly_copy(pets.folder)
    truncate(pets.folder)
    grey(pets.folder, "valid/cat/0.png", 0)
    result = checked()
    assert result.failing["severity"].to_list() == ["critical"] * 3 + ["warning"]
    assert not result.success
    assert result.refusal().startswith("pets: 3 of 16 rules not met, first decodes (train/cat/0.png: damaged image")
    assert result.refusal().endswith("see `tatara data check pets`")
    assert "\n" not in result.refusal()


def test_a_dataset_without_files(pets, checked):
    for split in ("train", "valid", "test"):
        shutil.rmtree(pets.folder / split)
    result = checked()
    failed = {rule.rule for rule in result.rules if not rule.success}
    assert failed == {"not_empty", "class_present"}
    assert result.refusal().startswith("pets: 2 of 16 rules not met, first not_empty (pets: 0)")


def test_no_file_that_decodes(pets, checked):
    for path in pets.folder.rglob("*.png"):
        path.write_bytes(b"\x89PNG" * 20)
    result = checked()
    assert {rule.rule for rule in result.rules if rule.refuses} == {"decodes", "unique_across_splits"}
    assert len(result.failing[result.failing["rule"] == "decodes"]) == 20


def test_an_image_almost_in_another_split_is_shown_with_the_one_that_it_is_like(pets, checked):
    nearly_copy(pets.folder)
    (line,) = [line for line in report.lines(checked()) if "like.png" in line]
    assert line.endswith("valid/dog/like.png  distinct_across_splits  0 of 64 bits from train/dog/1.png")


def test_every_failing_file_of_many_has_its_row_and_value(pets):
    row = build_index(pets).query("split == 'train'").iloc[[0]]
    index = pandas.concat([row] * 700, ignore_index=True)
    index["path"] = [f"train/cat/{number:04}.png" for number in range(700)]
    index["width"] = np.arange(700) % 3.0
    failing = check(pets, index).failing.query("rule == 'width'")
    assert failing["file"].to_list() == index["path"].to_list()
    assert failing["value"].to_list() == [number % 3 for number in range(700)]


def test_the_embedded_digits_are_fit_to_train_on(module_project):
    digits = open_dataset("digits")
    result = check(digits, build_index(digits))
    assert result.success
    assert result.revision == revision(digits)
    assert result.files == result.counts.to_numpy().sum() == 1797
    assert set(result.failing["rule"]) <= {"distinct_across_splits"}


def test_a_bound_changed_in_the_project_s_suite_holds_and_reaches_the_contract(pets, checked):
    shutil.copytree(Path(__file__).parents[3] / FOLDER, pets.folder.parents[1] / FOLDER)
    before = checked()
    (pets.folder.parents[1] / FOLDER / "classification.pets.json").write_text(
        json.dumps({"expectations": [
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "width", "min_value": 37},
                "meta": {"rule": "width", "request": True},
            }
        ]})
    )  # fmt: skip
    after = checked()
    assert (before.success, after.success) == (True, False)
    assert before.suite_digest != after.suite_digest
    assert [bound.minimum for bound in after.bounds if bound.rule == "width"] == [37]
    assert after.failing["rule"].unique().tolist() == ["width"]


def test_an_imbalanced_class_is_refused_by_an_edited_bound(pets, checked):
    overfill(pets.folder)
    (rule,) = [rule for rule in checked().rules if rule.rule == "class_balance"]
    assert rule.success, "56 to 6 is within the default bounds"


def test_nothing_is_printed_and_nothing_written_outside_the_state_root(pets, checked, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("HOME", str(_made(tmp_path / "home")))
    monkeypatch.setattr(tempfile, "tempdir", str(_made(tmp_path / "tmp")))
    before = sorted(os.walk(pets.folder.parents[1]))
    checked()
    said = capfd.readouterr()
    assert said.out == ""
    assert "Calculating Metrics" not in said.err
    assert [*(tmp_path / "home").rglob("*"), *(tmp_path / "tmp").rglob("*")] == []
    assert sorted(os.walk(pets.folder.parents[1])) == before
