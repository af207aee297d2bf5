"""What a run with ``tune=none`` takes from the run whose model it serves."""

from pathlib import Path

import pytest

from pipelines.earlier import asked
from pipelines.parameters import resolve
from pipelines.workspace import Workspace
from tatara.core.errors import UsageError

GIVEN = {"data": "old", "size": 64, "width": 8, "depth": 3, "resize": "pad", "epochs": 7, "int8": True, "name": "old"}


@pytest.fixture
def earlier(project: Path) -> Path:
    """A small U-Net's train stage; the current folder's run ``earlier``."""
    with Workspace(project / ".tatara" / "runs" / "earlier").writing("train", resolve("segmentation", GIVEN)):
        return project


def test_what_shapes_the_model_and_its_images_is_taken_and_said(
    earlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = asked("segmentation", {"data": "new", "weights": "earlier", "tune": "none"})
    assert (found.model_dump()["size"], found.model_dump()["width"], found.model_dump()["depth"]) == (64, 8, 3)
    assert found.model_dump()["resize"] == "pad"
    assert (found.data, found.name, found.epochs, found.int8) == ("new", None, 40, False)
    head, _, said = capsys.readouterr().err.strip().partition(": taken from it: ")
    assert head == "weights=earlier"
    assert set(said.split()) == {"model=unet", "size=64", "width=8", "depth=3", "resize=pad"}


def test_what_is_given_holds(earlier: Path) -> None:
    found = asked("segmentation", {"data": "new", "weights": "earlier", "tune": "none", "size": "128", "tile": "true"})
    assert (found.model_dump()["size"], found.model_dump()["width"], found.model_dump()["tile"]) == (128, 8, True)


def test_defaults_of_a_step_before_are_not_what_somebody_asked_for(earlier: Path) -> None:
    before = resolve("segmentation", {"data": "new", "model": "fcn8s", "seed": 3}).model_dump(mode="json")
    given = {"weights": "earlier", "tune": "none"}
    found = asked("segmentation", {**before, **given}, explicit=given)
    assert (found.model, found.seed, found.model_dump()["size"]) == ("unet", 3, 64)


def test_weights_that_are_trained_on_take_nothing(earlier: Path) -> None:
    given = {"data": "new", "weights": "earlier"}
    assert asked("segmentation", given) == resolve("segmentation", given)


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("detection", {}, "weights=earlier is a model of segmentation, not of detection"),
        ("segmentation", {"model": "fcn8s"}, "weights=earlier is unet, which tune=none serves as it is; leave model="),
    ],
)
def test_another_kind_or_model_is_refused(earlier: Path, kind: str, given: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked(kind, {"data": "new", "weights": "earlier", "tune": "none", **given})
