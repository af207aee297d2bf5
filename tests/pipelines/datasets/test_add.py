"""`tatara data add`: image folders and tables come in whole; everything else is one line and leaves no trace."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.datasets.add import add
from pipelines.datasets.adopting import need_space
from pipelines.datasets.dataset import open_dataset
from pipelines.datasets.index import build_index
from pipelines.datasets.revision import revision
from tatara.core.errors import TataraError, UsageError
from tests.pipelines.datasets.images import image_folder, write_image

REPOSITORY = Path(__file__).parents[3]


def names(project: Path) -> list[str]:
    """What lies under data/, hidden or not."""
    return sorted(path.name for path in (project / "data").iterdir())


def state(project: Path) -> tuple[list[str], bytes]:
    """The names under data/ and the bytes of data.dvc: what a refused or failed add may not change."""
    return names(project), (project / "data.dvc").read_bytes()


def up_to_date(project: Path) -> bool:
    """Whether data.dvc records data/ as it is."""
    return subprocess.run(["dvc", "status", "-q", "data.dvc"], cwd=project).returncode == 0


def test_a_folder_without_splits(tiny_project: Path, tmp_path: Path) -> None:
    source = image_folder(tmp_path / "源 source", {"ねこ 猫": 10, "10": 10, "9": 10, "9/deeper": 10})
    (source / "readme.txt").write_text("words")
    (source / "9" / ".DS_Store").write_bytes(b"x")
    report = add(source, "my 動物", seed=3)
    assert report.counts == {
        "train": {"10": 8, "9": 16, "ねこ 猫": 8},
        "valid": {"10": 1, "9": 2, "ねこ 猫": 1},
        "test": {"10": 1, "9": 2, "ねこ 猫": 1},
    }
    assert report.skipped == ["readme.txt"]
    assert report.next_command == "tatara data check 'my 動物'"
    dataset = open_dataset("my 動物")
    assert dataset.description.splits["valid"] == "stratified by class, seed 3, 8:1:1"
    assert dataset.description.source == "源 source"
    assert revision(dataset) == report.revision
    index = build_index(dataset)
    assert len(index) == 40
    assert index["bytes"].sum() == report.bytes
    assert index["decode_error"].isna().all()
    assert b"nfiles: 54" in (tiny_project / "data.dvc").read_bytes()
    assert up_to_date(tiny_project)


def test_numbers_are_ordered_as_numbers_and_equal_sources_give_equal_revisions(
    tiny_project: Path, tmp_path: Path
) -> None:
    source = image_folder(tmp_path / "source", {"10": 3, "9": 3, "1": 3})
    one, two = add(source, "one"), add(source, "two")
    assert one.dataset.description.classes == ("1", "9", "10")
    assert one.revision == two.revision
    assert add(source, "three", licence="CC0").revision != one.revision


def test_given_splits_are_kept_and_missing_ones_carved_out_of_train(tiny_project: Path, tmp_path: Path) -> None:
    counts = {"Training/a": 18, "Training/b": 9, "test/a": 4, "test/b": 4}
    report = add(image_folder(tmp_path / "two", counts), "two")
    assert report.counts == {"train": {"a": 16, "b": 8}, "valid": {"a": 2, "b": 1}, "test": {"a": 4, "b": 4}}
    assert report.dataset.description.splits == {
        "train": "stratified by class, seed 0, 8:1", "valid": "stratified by class, seed 0, 8:1", "test": "given",
    }  # fmt: skip
    counts = {"train/train": 5, "train/bus": 5, "val/train": 1, "val/bus": 1, "test/train": 2, "test/bus": 2}
    report = add(image_folder(tmp_path / "three", counts), "three")
    assert report.counts["valid"] == {"bus": 1, "train": 1}
    assert set(report.dataset.description.splits.values()) == {"given"}
    report = add(image_folder(tmp_path / "vehicles", {"train": 4, "bus": 4}), "vehicles")
    assert report.dataset.description.classes == ("bus", "train")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table(tiny_project: Path, tmp_path: Path, separator: str) -> None:
    image_folder(tmp_path / "files", {"x": 6, "y": 6})
    lines = [["Image", "note", "Class", "SPLIT"]]
    for position, split in enumerate(["train", "train", "train", "val", "test", "test"]):
        lines += [[f"files/x/{position}.png", "", "赤", split], [f"files/y/{position}.png", "", " blue ", split]]
    table = tmp_path / "table.csv"
    table.write_text("\ufeff" + "\r\n".join(separator.join(line) for line in lines) + "\r\n\r\n", encoding="utf-8")
    report = add(table, "mine")
    assert report.counts == {
        "train": {"blue": 3, "赤": 3}, "valid": {"blue": 1, "赤": 1}, "test": {"blue": 2, "赤": 2},
    }  # fmt: skip
    copied = report.dataset.folder / "valid" / "赤" / "3.png"
    assert copied.read_bytes() == (tmp_path / "files" / "x" / "3.png").read_bytes()


def test_links_inside_are_copied_as_files(tiny_project: Path, tmp_path: Path) -> None:
    source = image_folder(tmp_path / "source", {"a": 3, "b": 3})
    (source / "b" / "linked.png").symlink_to(write_image(source / "b" / "3.png", 77))
    report = add(source, "mine")
    assert not any(path.is_symlink() for path in report.dataset.folder.rglob("*"))
    assert build_index(report.dataset)["decode_error"].isna().all()


def test_broken_files_are_listed_or_left_out(tiny_project: Path, tmp_path: Path) -> None:
    source = image_folder(tmp_path / "source", {"a": 4, "b": 4})
    (source / "a" / "cut.png").write_bytes((source / "a" / "0.png").read_bytes()[:100])
    (source / "b" / "empty.jpg").write_bytes(b"")
    before = state(tiny_project)
    with pytest.raises(UsageError, match=r"2 file\(s\) cannot be read.*cut.png.*empty.jpg.*0 bytes.*skip_broken=true"):
        add(source, "mine")
    assert state(tiny_project) == before
    report = add(source, "mine", skip_broken=True)
    assert [line.split(":")[0].rsplit("/")[-1] for line in report.left_out] == ["cut.png", "empty.jpg"]
    assert sum(sum(split.values()) for split in report.counts.values()) == 8
    for number in range(4):
        (source / "a" / f"{number}.png").write_bytes(b"")
    with pytest.raises(UsageError, match="no file of class 'a' can be read"):
        add(source, "other", skip_broken=True)


def test_too_little_room_is_said_before_copying(tiny_project: Path) -> None:
    need_space(1000)
    with pytest.raises(TataraError, match=r"2000000000\.00 GB are needed"):
        need_space(10**18)


def empty_class(source: Path) -> None:
    (source / "nothing here").mkdir()


def loose_image(source: Path) -> None:
    write_image(source / "loose.png", 800)


def link_out(source: Path) -> None:
    (source / "a" / "out.png").symlink_to(write_image(source.parent / "away.png", 801))


def folder_link(source: Path) -> None:
    (source / "c").symlink_to(source / "a")


def dangling_link(source: Path) -> None:
    (source / "a" / "gone.png").symlink_to("nowhere.png")


def illegal_label(source: Path) -> None:
    write_image(source / "a:b" / "0.png", 802)


def illegal_file(source: Path) -> None:
    write_image(source / "a" / "x\n.png", 803)


def few_files(source: Path) -> None:
    write_image(source / "few" / "0.png", 804)


def unlabelled_test(source: Path) -> None:
    image_folder(source / "train", {"a": 3, "b": 3})
    write_image(source / "test" / "0.png", 805)
    for label in ("a", "b"):
        (source / label).rename(source / "train" / f"more {label}")


def class_beside_splits(source: Path) -> None:
    image_folder(source, {"train/x": 3, "train/y": 3}, start=810)


def one_split_twice(source: Path) -> None:
    image_folder(source, {"train/x": 3, "Training/x": 3}, start=820)
    for label in ("a", "b"):
        (source / label).rename(source / "train" / label)


def only_tests(source: Path) -> None:
    (source / "test").mkdir()
    for label in ("a", "b"):
        (source / label).rename(source / "test" / label)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (empty_class, "nothing here: a class without an example"),
        (loose_image, "1 file(s) without a label, first 'loose.png'"),
        (link_out, "out.png: a symbolic link to"),
        (folder_link, "c: a symbolic link to"),
        (dangling_link, "gone.png: a symbolic link to nowhere.png"),
        (illegal_label, "class 'a:b' holds ':'"),
        (illegal_file, "rename it"),
        (few_files, "class 'few' has 1 different file(s), 3 are needed"),
        (unlabelled_test, "test: no class folders in it"),
        (class_beside_splits, "lies beside the splits train"),
        (one_split_twice, "two folders name one split"),
        (only_tests, "no train"),
    ],
)
def test_a_folder_that_cannot_be_used_leaves_no_trace(
    tiny_project: Path, tmp_path: Path, spoil: Callable[[Path], None], expected: str
) -> None:
    spoil(source := image_folder(tmp_path / "source", {"a": 4, "b": 4}))
    before = state(tiny_project)
    with pytest.raises(TataraError) as caught:
        add(source, "mine")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert state(tiny_project) == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no column for the path"),
        ("file,colour\na/0.png,red", "no column for the label"),
        ("path,label\na/0.png,red\na/9.png,red", "line 3: no file 'a/9.png'"),
        ("path,label\na/0.png,red\na/1.png,", "line 3: 'a/1.png' has no label"),
        ("path,label\na/0.png,red\na/0.png,blue", "line 3: 'a/0.png' is in line 2 already"),
        ("path,label\na/0.png,red,more", "line 2: 3 values under 2 headers"),
        ("path,label,split\na/0.png,red,dev", "split 'dev' is none of"),
        ("path,label,split\na/0.png,red,train\nb/0.png,blue,", "not for every file"),
        ("path,label\na/0.png,red", "only one class, 'red'"),
        ("path,label\nout.png,red", "line 2: 'out.png' is a symbolic link out of"),
        ("path,label\n.hidden.png,red", "the file name '.hidden.png' is hidden"),
        ("path,label\na/0.png,../red", "class '../red' holds '/'"),
    ],
)
def test_a_table_that_cannot_be_used_leaves_no_trace(
    tiny_project: Path, tmp_path: Path, text: str, expected: str
) -> None:
    source = image_folder(tmp_path / "source", {"a": 4, "b": 4})
    (source / "out.png").symlink_to(write_image(tmp_path / "away.png", 801))
    write_image(source / ".hidden.png", 830)
    (source / "table.csv").write_text(text)
    before = state(tiny_project)
    with pytest.raises(UsageError) as caught:
        add(source / "table.csv", "mine")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert state(tiny_project) == before


def test_what_is_no_source_and_names_that_are_taken(tiny_project: Path, tmp_path: Path) -> None:
    source = image_folder(tmp_path / "source", {"a": 3, "b": 3})
    (tmp_path / "latin.csv").write_bytes("path,label\nx,caf\xe9".encode("latin-1"))
    (tmp_path / "void").mkdir()
    for path, name, expected in [
        (tmp_path / "gone", "mine", "no such file or folder"),
        (source / "a" / "0.png", "mine", "not a folder"),
        (tmp_path / "void", "mine", "no image or sound found"),
        (tmp_path / "latin.csv", "mine", "not UTF-8"),
        (source, "tiny", "'tiny' exists already"),
        (source, "../mine", "holds '/'"),
    ]:
        with pytest.raises(UsageError, match=expected):
            add(path, name)
    with pytest.raises(UsageError, match="ratios"):
        add(source, "mine", ratios=(8, 0, 2))


def test_data_that_has_not_been_pulled_is_not_forgotten(tiny_project: Path, tmp_path: Path) -> None:
    source = image_folder(tmp_path / "source", {"a": 3, "b": 3})
    record = (tiny_project / "data.dvc").read_bytes()
    (tiny_project / "data" / "tiny").rename(tmp_path / "tiny")
    with pytest.raises(TataraError, match="'tiny', which is not under data/; run `tatara data pull`"):
        add(source, "mine")
    subprocess.run(["rm", "-r", tiny_project / ".tatara" / "dvc" / "cache"], check=True)
    with pytest.raises(TataraError, match="not here yet; run `tatara data pull`"):
        add(source, "mine")
    assert (tiny_project / "data.dvc").read_bytes() == record
    assert names(tiny_project) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it may fall into a weakref's callback
def test_ctrl_c_at_any_moment_leaves_all_or_nothing(tiny_project: Path, tmp_path: Path) -> None:
    """Moments are in CPU time, so that they fall alike on a busy machine; DVC's file of locks is cut once, too."""
    source = image_folder(tmp_path / "source", {"a": 60, "b": 60})
    add(source, "whole")  # imports what an interrupt would leave half-imported for the tests after this one
    before = state(tiny_project)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGVTALRM, interrupt)
    try:
        for number, delay in enumerate([0.005, 0.03, 0.06, 0.1, 0.15, 0.2, 0.25, 0.3]):
            try:
                signal.setitimer(signal.ITIMER_VIRTUAL, delay)
                add(source, f"mine {number}")
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            except KeyboardInterrupt:
                pass
            after = state(tiny_project)
            assert after == before or (f"mine {number}" in after[0] and after[1] != before[1])
            before = after
    finally:
        signal.signal(signal.SIGVTALRM, previous)
    (tiny_project / ".dvc" / "tmp" / "rwlock").write_text("")
    (tiny_project / "data" / ".adding").mkdir()  # what a killed one leaves is cleared by the next
    (tiny_project / "data" / ".adding" / "half").write_text("")
    assert add(source, "last").counts["train"] == {"a": 48, "b": 48}
    assert up_to_date(tiny_project)
    assert ".adding" not in names(tiny_project)


ADD_IN_A_PROCESS = """
import resource, sys
from pathlib import Path
from pipelines.datasets.add import add
from tatara.core.errors import TataraError
source, name, limit = sys.argv[1:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    add(Path(source), name)
except TataraError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def start_add(source: Path, name: str, limit: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ADD_IN_A_PROCESS, str(source), name, str(limit)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("limit", [300, 5000])
def test_a_disk_that_takes_no_more_leaves_no_trace(tiny_project: Path, tmp_path: Path, limit: int) -> None:
    """No file may outgrow ``limit`` bytes: 300 stop the first copy, 5,000 let the images through and stop DVC."""
    source = image_folder(tmp_path / "source", {"a": 3, "b": 3})
    before = state(tiny_project)
    process = start_add(source, "mine", limit)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output.count("\n") == 1
    assert state(tiny_project) == before


def test_two_at_once_are_both_in(tiny_project: Path, tmp_path: Path) -> None:
    source = image_folder(tmp_path / "source", {"a": 3, "b": 3})
    processes = [start_add(source, name) for name in ("one", "two")]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["", ""]
    assert {"one", "two"} < set(names(tiny_project))
    assert b"nfiles: 27" in (tiny_project / "data.dvc").read_bytes()
