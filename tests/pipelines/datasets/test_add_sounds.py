"""`tatara data add` with sounds: by class or by table, speakers kept apart, and the embedded dataset made again."""

import csv
from pathlib import Path

import numpy as np
import pytest

from pipelines.datasets import tones
from pipelines.datasets.add import add
from pipelines.datasets.dataset import open_dataset
from pipelines.datasets.index import build_index
from pipelines.datasets.revision import folder_revision
from pipelines.datasets.show import show
from pipelines.validation.check import check
from tatara.core.errors import UsageError
from tests.services.sounds import sine, sound_file

SPEAKERS = ("ann", "bo", "cy", "di", "ed")


def sounds(root: Path, count: int = 10, folders: bool = True) -> Path:
    """Low and high sounds, each another one, of five speakers in turn; some FLAC, at two rates, one of them stereo."""
    for label, hertz in (("low", 300), ("high", 2500)):
        for number in range(count):
            rate, form = (16000 if number % 2 else 8000), ("FLAC" if number % 3 else "WAV")
            samples = sine(hertz + 10 * number, 0.2, rate)
            samples = np.stack([samples, samples], axis=1) if number == 4 else samples
            name = f"{label}_{SPEAKERS[number % 5]}_{number}.{form.lower()}"
            place = root / label / name if folders else root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(sound_file(samples, rate, form))
    return root


def test_a_folder_by_class(tiny_project: Path, tmp_path: Path) -> None:
    source = sounds(tmp_path / "source")
    (source / "low" / "notes.txt").write_text("words")
    (source / "cover.png").write_bytes(b"none")
    report = add(source, "pitch")
    said = open_dataset("pitch").description
    assert (said.modality, said.kind, said.format, said.classes) == (
        "audio", "classification", "audio-folder", ("high", "low"),
    )  # fmt: skip
    assert report.files == {"train": 16, "valid": 2, "test": 2}
    assert report.layout == "sounds by class"
    assert sorted(report.skipped) == ["cover.png", "low/notes.txt"]
    index = build_index(open_dataset("pitch")).set_index("path")
    stereo = index[index["channels"] == 2]
    assert [Path(path).stem for path in stereo.index] == ["high_ed_4", "low_ed_4"]
    assert set(index["rate"]) == {8000.0, 16000.0}
    assert index["seconds"].round(6).eq(0.2).all()
    assert index["decode_error"].isna().all()
    assert show("pitch")["seconds"] == {"min": 0.2, "median": 0.2, "max": 0.2}
    assert Path(show("pitch")["picture"]).stat().st_size > 1000


def test_speakers_by_a_pattern_stay_in_one_split(tiny_project: Path, tmp_path: Path) -> None:
    add(sounds(tmp_path / "source"), "voices", speaker="_(.*)_")
    index = build_index(open_dataset("voices"))
    assert set(index["speaker"]) == set(SPEAKERS)
    assert index.groupby("speaker")["split"].nunique().max() == 1
    assert index.groupby("split")["speaker"].nunique().to_dict() == {"train": 3, "valid": 1, "test": 1}
    result = check(open_dataset("voices"), index)
    assert result.success
    assert not result.failing["rule"].eq("speaker_in_one_split").any()
    assert open_dataset("voices").description.splits["test"] == "by speaker, seed 0, 8:1:1"


def test_a_table_with_splits_and_speakers_is_taken_at_its_word(tiny_project: Path, tmp_path: Path) -> None:
    root = sounds(tmp_path / "source", folders=False)
    with (tmp_path / "source" / "list.csv").open("w") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "label", "speaker", "split"])
        for file in sorted(path for path in root.iterdir() if path.suffix in (".wav", ".flac")):
            label, speaker, number = file.stem.split("_")
            split = {"0": "test", "1": "val"}.get(number, "train")
            writer.writerow([file.name, label, speaker, split])
    add(root / "list.csv", "listed")
    result = check(open_dataset("listed"), index := build_index(open_dataset("listed")))
    assert index["split"].value_counts().to_dict() == {"train": 16, "valid": 2, "test": 2}
    assert result.success  # two speakers are in two splits, which is a warning
    found = result.failing[result.failing["rule"] == "speaker_in_one_split"]
    assert sorted(Path(file).stem for file in found["file"]) == ["high_ann_0", "high_bo_1", "low_ann_0", "low_bo_1"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"speaker": "_(.*"}, "not a regular expression"),
        ({"speaker": "low_"}, "put brackets around what names the speaker"),
        ({"speaker": r"(\d{5})"}, "says nothing of 'high_ann_0.wav'"),
        ({"speaker": "_(.)"}, None),
    ],
)
def test_patterns_that_name_no_speaker(tiny_project: Path, tmp_path: Path, given: dict, reason: str | None) -> None:
    source = sounds(tmp_path / "source")
    if reason is None:
        add(source, "voices", **given)
        return
    with pytest.raises(UsageError, match=reason):
        add(source, "voices", **given)
    assert not (tiny_project / "data" / "voices").exists()


def test_a_speaker_is_of_files_by_class_alone(tiny_project: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="speaker= is for files by class, not for pairs"):
        add(sounds(tmp_path / "source"), "pairs", kind="image", speaker="_(.*)_")


def test_two_speakers_cannot_be_three_splits(tiny_project: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"2 speaker\(s\), 3 are needed"):
        add(sounds(tmp_path / "source"), "voices", speaker="^(low|high)")


def test_broken_files_and_mixed_ones(tiny_project: Path, tmp_path: Path) -> None:
    source = sounds(tmp_path / "source")
    whole = (source / "low" / "low_ann_0.wav").read_bytes()
    (source / "low" / "cut.wav").write_bytes(whole[:900])
    with pytest.raises(UsageError, match=r"cut.wav: damaged sound: the file ends .* bytes early"):
        add(source, "pitch")
    report = add(source, "pitch", skip_broken=True)
    assert len(report.left_out) == 1
    listed = tmp_path / "source" / "list.csv"
    listed.write_text("path,label\nlow/low_ann_0.wav,a\nphoto.png,b\n")
    (tmp_path / "source" / "photo.png").write_bytes(b"none")
    with pytest.raises(UsageError, match="images and sounds in one dataset"):
        add(listed, "mixed")


def test_what_a_suite_says_of_bad_sounds(tiny_project: Path, tmp_path: Path) -> None:
    source = sounds(tmp_path / "source", 12)
    low = source / "low"
    (low / "short.wav").write_bytes(sound_file(sine(300, 0.01)))
    (low / "silent.wav").write_bytes(sound_file(np.zeros(4000)))
    (low / "loud.wav").write_bytes(sound_file(np.clip(sine(333, 0.2, level=3), -1, 1)))
    (low / "slow.wav").write_bytes(sound_file(sine(300, 0.3, 2000), 2000))
    add(source, "bad")
    dataset = open_dataset("bad")
    numbers = [int(path.stem.split("_")[2]) for path in (dataset.folder / "train" / "high").iterdir()]
    again = next(number for number in numbers if number % 2 == 0 and number != 4)  # mono, at 8 kHz
    samples = sine(2500 + 10 * again, 0.2)
    (dataset.folder / "test" / "high" / "again.flac").write_bytes(sound_file(samples, form="FLAC"))
    result = check(dataset, build_index(dataset))
    found = {(row.rule, Path(row.file).stem) for row in result.failing.itertuples()}
    wanted = {
        ("duration", "short"), ("peak", "silent"), ("silence", "silent"), ("clipping", "loud"), ("rate", "slow"),
        ("distinct_across_splits", "again"),
    }  # fmt: skip
    assert wanted <= found
    assert not result.success
    assert {bound.rule for bound in result.bounds} == {"duration", "rate", "channels", "peak", "file_size"}


def test_the_embedded_tones_are_made_again(module_project: Path, tmp_path: Path) -> None:
    tones.make(tmp_path / "tones")
    assert folder_revision(tmp_path / "tones") == folder_revision(module_project / "data" / "tones")
    assert sum(file.stat().st_size for file in (tmp_path / "tones").rglob("*.wav")) < 2_000_000
