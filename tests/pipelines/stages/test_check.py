"""The check step of every kind, from registered models to the files that the registry and its page read."""

from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from pipelines.champion import KEPT
from pipelines.stages import check, package, register
from pipelines.workspace import Workspace
from registry import users, versions
from registry.evidence import Evidence, read
from registry.store import local_artifacts
from tatara import cli
from tatara.core.errors import RefusedError
from tatara.core.files import read_json
from tests.pipelines.stages.coloured import evaluated, make_colours, parameters, registered

CORRUPTIONS = ["blur", "noise", "jpeg", "dark", "bright"]


@pytest.fixture(scope="module")
def pair(module_project: Path) -> tuple[Workspace, Workspace]:
    """A champion that sees red and green badly, and a challenger that sees these well and blue badly; both checked.

    The gates let the first one serve, and hold the second one back for its loss, while its mean rises.
    """
    make_colours(module_project, "classification", 24)
    given = parameters("classification", margin=0.05)
    champion = registered(module_project, "first", given, {"red": 0.55, "green": 0.55})
    check.run(champion, given)
    package.run(champion, given)
    challenger = registered(module_project, "second", given, {"blue": 0.5})
    with pytest.raises(RefusedError, match="label = blue"):
        check.run(challenger, given)
    return champion, challenger


def _evidence(workspace: Workspace) -> Evidence:
    return read(workspace.folder("check"))


def test_the_first_version_has_what_needs_no_champion(pair: tuple[Workspace, Workspace]) -> None:
    found = _evidence(pair[0])
    assert (found.name, found.version, found.champion) == ("colours", "1", None)
    assert (found.kind, found.primary, found.examples) == ("classification", "accuracy", 72)
    assert found.comparison == found.slices == ()
    assert found.validation.bounds_from_suite
    assert found.parity.equal
    assert found.warnings == ("the loss is flat",)
    assert found.above_chance is not None
    assert found.leakage.champion is None
    assert [one.name for one in found.robustness] == CORRUPTIONS
    assert all(one.champion is one.difference is one.level is None for one in found.robustness)
    assert found.cost.latency_ms > 0 < found.cost.memory_mb < 500
    assert found.cost.latency_ratio is None
    assert not (pair[0].folder("check") / "data_changes.json").exists()


def test_a_challenger_is_held_against_the_champion(pair: tuple[Workspace, Workspace]) -> None:
    assert str(versions.find("colours").version) == "1"
    found = _evidence(pair[1])
    assert (found.version, found.champion) == ("2", "1")
    assert [one.metric for one in found.comparison] == ["accuracy", "log_loss"]
    first = found.comparison[0]
    assert first.verdict.difference.value == pytest.approx(first.challenger - first.champion)
    assert first.verdict.verdict in ("better", "not_worse", "not_enough_data")
    blue = next(one for one in found.slices if (one.column, one.value) == ("label", "blue"))
    assert found.slices[0] == blue
    assert blue.difference.value < -0.15
    assert blue.p_worse < 0.05
    assert all(path.startswith("test/blue/") for path in blue.worst)
    assert {one.column for one in found.slices} == {"label", "size", "brightness"}
    assert found.calibration is not None
    assert found.calibration.difference is not None
    assert found.severity is None
    assert found.leakage.champion == ()
    assert all(one.difference is not None and one.level is not None for one in found.robustness)
    assert found.cost.latency_ratio is not None
    assert found.cost.latency_ratio.low <= found.cost.latency_ratio.value <= found.cost.latency_ratio.high


def test_the_comparison_is_made_once(pair: tuple[Workspace, Workspace]) -> None:
    registration = read_json(pair[1].folder("register") / "registration.json")
    kept = pair[1].path / KEPT / "comparison.json"
    made = kept.stat().st_mtime_ns
    with pytest.raises(RefusedError, match="label = blue"):
        check.run(pair[1], pair[1].parameters("register"))
    assert kept.stat().st_mtime_ns == made
    assert registration["comparison"]["figures"] == _evidence(pair[1]).comparison[0].verdict.model_dump(mode="json")


def test_the_gallery_shows_what_was_lost_with_both_answers(pair: tuple[Workspace, Workspace]) -> None:
    folder = pair[1].folder("check")
    shown = read_json(folder / "gallery.json")
    assert 1 <= len(shown) <= 12
    assert shown[0]["truth"] == "blue"
    assert "label: blue" in shown[0]["slices"]
    assert shown[0]["champion"]["answer"].startswith("blue")
    assert not shown[0]["challenger"]["answer"].startswith("blue")
    assert shown[0]["challenger"]["quality"] < shown[0]["champion"]["quality"]
    for one in shown:
        for picture in (one["picture"], one["challenger"]["picture"], one["champion"]["picture"]):
            with Image.open(folder / picture) as image:
                assert min(image.size) > 50


def test_everything_is_in_the_run_too(pair: tuple[Workspace, Workspace]) -> None:
    assert read(local_artifacts(pair[1].run_id, "check")) == _evidence(pair[1])


def test_a_version_is_checked_again_from_what_its_run_kept(
    pair: tuple[Workspace, Workspace], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its workspace is gone: it was trained on another machine, or cleared away."""
    before = _evidence(pair[1])
    aside = pair[1].path.rename(pair[1].path.with_name("aside"))
    hidden = (aside / "train" / "run.json").rename(aside / "run.json")
    try:
        for _ in range(2):
            assert cli.main(["review", "check", "colours/2"]) == 3
            assert "label = blue" in capsys.readouterr().out
    finally:
        hidden.rename(aside / "train" / "run.json")
        aside.rename(pair[1].path)
    found = read(local_artifacts(pair[1].run_id, "check"))
    assert found.cost != before.cost
    assert found.model_copy(update={"cost": before.cost}) == before


def test_a_clearly_worse_model_is_refused_before_it_is_a_version(
    pair: tuple[Workspace, Workspace], module_project: Path
) -> None:
    given = parameters("classification", margin=0.05)
    worse = evaluated(module_project, "third", given, {"blue": 0.1, "green": 0.1})
    with pytest.raises(RefusedError, match="not registered: worse against colours/1"):
        register.run(worse, given)
    assert str(versions.find("colours").version) == "1"
    assert not worse.finished("register")
    with pytest.raises(Exception, match="register"):
        check.run(worse, given)


def test_what_its_author_overruled_is_packaged_and_the_champion_stays(
    pair: tuple[Workspace, Workspace], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forced = pair[1].parameters("register").model_copy(update={"force": True})
    check.run(pair[1], forced)
    package.run(pair[1], forced)
    assert str(versions.find("colours").version) == "1"
    assert "an operator lets it serve: tatara review promote colours/2" in capsys.readouterr().err
    monkeypatch.setenv("TATARA_USER", "olga")
    users.add("olga", "olga", "admin")
    package.run(pair[1], forced)
    assert str(versions.find("colours").version) == "2"


@pytest.fixture(scope="module")
def patches(module_project: Path) -> Path:
    """The project with pictures of objects."""
    make_colours(module_project, "instances", 18)
    return module_project


@pytest.mark.parametrize(
    ("kind", "metrics"),
    [
        ("detection", ["ap50", "ap"]),
        ("instances", ["mask_ap50", "mask_ap"]),
        ("segmentation", ["miou", "pixel_accuracy"]),
    ],
)
def test_every_kind(patches: Path, kind: str, metrics: list[str]) -> None:
    given = parameters(kind)
    first = registered(patches, f"{kind}-first", given)
    check.run(first, given)
    package.run(first, given)
    workspace = registered(patches, f"{kind}-second", given)
    with suppress(RefusedError):  # half a millisecond may well be twice as slow the next time
        check.run(workspace, given)
    found = _evidence(workspace)
    assert [one.metric for one in found.comparison] == metrics
    assert all(one.verdict.difference.value == 0.0 for one in found.comparison)
    assert found.slices
    assert all(one.p_holm == 1.0 for one in found.slices)
    size = "size" if kind == "segmentation" else "object size"
    assert {one.column for one in found.slices} >= {"label", size, "brightness"}
    assert (found.calibration is not None) == (kind == "segmentation")
    assert [one.name for one in found.robustness] == CORRUPTIONS
    shown = read_json(workspace.folder("check") / "gallery.json")
    assert len(shown) == 12
    changes = read_json(workspace.folder("check") / "data_changes.json")
    assert changes["counts"] == {"added": 0, "removed": 0, "relabelled": 0, "moved": 0, "same": 54}
