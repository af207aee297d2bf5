"""``tatara data`` on boxes and masks, as a user types and reads it."""

import json
from pathlib import Path

import pytest

from tatara import cli
from tests.pipelines.datasets.annotated_sets import voc_set, write_mask, write_xml
from tests.pipelines.datasets.images import write_image


@pytest.fixture
def source(tmp_path: Path) -> Path:
    found = voc_set(tmp_path / "pets", 12)
    write_xml(found / "annotations" / "0.xml", "0.png", [("猫", 1, 1, 30, 5), ("dog", 4, 4, 4, 4)])
    return found


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = cli.main(["data", *words])
    return code, capsys.readouterr().out


def test_boxes_from_add_to_show(tiny_project: Path, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "add", str(source), "name=pets", "repair=true")
    assert code == 0
    assert "data/pets: 12 files" in said
    assert "3 classes; train 10, valid 1, test 1" in said
    assert "read as   PASCAL VOC; a dataset of detection\nobjects   18\n" in said
    assert f"repaired  {source}/images/0.png: object 0 (猫): box 0, 0, 30, 5 became box 0, 0, 12, 5\n" in said
    assert said.endswith("next      tatara data check pets\n")

    code, said = run(capsys, "show", "pets")
    assert code == 0
    lines = said.splitlines()
    assert lines[0].startswith("pets: detection, 12 images, ")
    assert [line.split()[:2] for line in lines if "猫" in line] == [["2", "猫"], ["2", "猫"], ["猫", "1"]]
    assert lines[-1].startswith("picture   ")
    code, said = run(capsys, "show", "pets", "--json")
    found = json.loads(said)
    assert found["sizes"]["dog"] == {"small": 6, "medium": 0, "large": 0}
    assert Path(found["picture"]).is_file()

    _, said = run(capsys, "list")
    assert [line.split()[:3] for line in said.splitlines()[1:]] == [["pets", "detection", "3"],
                                                                    ["tiny", "classification", "2"]]  # fmt: skip


def test_faithful_boxes_are_refused_by_the_check_with_a_remedy(
    tiny_project: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "add", str(source), "name=pets", "classes=cat,dog,猫")[0] == 0
    code, said = run(capsys, "check", "pets")
    assert code == 3
    assert "repair=true drops or clips what is wrong" in said


def test_label_masks(tiny_project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        write_image(tmp_path / "s" / "image" / f"{number}.png", number)
        write_mask(tmp_path / "s" / "label" / f"{number}.png", [[0] * 9 + [255] * 3] * 10)
    code, said = run(capsys, "add", str(tmp_path / "s"), "name=cells", "classes=membrane, cell", "--json")
    assert code == 0
    found = json.loads(said)
    assert (found["kind"], found["layout"]) == ("segmentation", "images with label masks")
    assert found["counts"]["train"] == {"membrane": 2, "cell": 2}
    _, said = run(capsys, "show", "cells")
    assert "  0  membrane        75.00    75.00    75.00\n" in said


@pytest.mark.parametrize("option", ["classes=a,a", "classes=a,,b", "ignore=x", "repair=maybe", "kind=poetry"])
def test_options_that_mean_nothing(
    tiny_project: Path, source: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert cli.main(["data", "add", str(source), "name=pets", option]) == 2
    assert option.split("=")[0] in capsys.readouterr().err
