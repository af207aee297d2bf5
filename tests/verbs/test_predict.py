"""``tatara predict`` against a service: answers by file, pictures of every kind, and what a bad file changes."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tatara import cli
from tests.services.images import encoded, scene
from tests.services.in_process import serving
from tests.services.model_folder import write_model_folder

KINDS = ("classification", "detection", "instances", "segmentation")


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def url(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(write_model_folder(tmp_path_factory.mktemp(kind) / "model", kind=kind)) as found:
        yield found


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "scene.png").write_bytes(encoded(scene().resize((400, 240), 0)))
    (tmp_path / "broken.png").write_bytes(encoded(scene())[:50])
    monkeypatch.chdir(tmp_path)
    return tmp_path


SAID = {
    "classification": "scene.png  red  88.5%   blue 8.8%",
    "detection": "scene.png  2 objects: red 90.2%, blue 90.2%",
    "instances": "scene.png  2 objects: red 90.2%, blue 90.2%",
    "segmentation": "scene.png  red 62.5%, blue 37.5%; mean confidence 93.5%",
}


def test_an_answer_is_told_and_drawn(url: str, kind: str, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["predict", "scene.png", f"url={url}", "save=out.png"])

    assert code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(SAID[kind])
    assert lines[1:3] == ["model     colours/1", lines[2]]
    picture = np.asarray(Image.open(images / "out.png"))
    assert lines[3] == f"picture   {images / 'out.png'}"
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


def test_a_bad_file_is_named_and_the_others_are_answered(
    url: str, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["broken.png", "scene.png", "nowhere.png"]

    assert cli.main(["predict", *files, f"url={url}", "save=out.png"]) == 1

    said = capsys.readouterr()
    assert said.out.startswith("scene.png  ")
    assert [line.split(": ")[:2] for line in said.err.splitlines()] == [
        ["tatara", "broken.png"],
        ["tatara", "nowhere.png"],
    ]
    assert (images / "out.png").is_file()
    assert cli.main(["predict", *files, f"url={url}", "--json"]) == 1
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert [("error" in answer, answer["file"]) for answer in answers] == [
        (True, "broken.png"),
        (False, "scene.png"),
        (True, "nowhere.png"),
    ]


def test_options_are_the_kinds(url: str, kind: str, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["predict", "scene.png", f"url={url}", "classes=blue", "score=0.2", "--json"])

    said = capsys.readouterr()
    if kind == "classification":
        assert code == 2
        assert "classification takes no parameter 'classes'" in said.err
        return
    (answer,) = json.loads(said.out)["answers"]
    assert code == 0
    assert (answer["threshold"], answer["width"], answer["height"]) == (0.2, 400, 240)
    assert [one["label"] for one in answer["classes" if kind == "segmentation" else "objects"]] == ["blue"]


def test_an_unknown_option_is_refused_before_anything_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["predict", "a.png", "url=http://127.0.0.1:1", "scroe=0.5"]) == 2
    assert "did you mean 'score'?" in capsys.readouterr().err
