"""The verbs in Python: the same work as on the command line, and values that show themselves."""

import subprocess
import sys
from pathlib import Path

import pytest

import tatara
from tatara.core.errors import UsageError
from tatara.displays import Evaluation, Run
from tests.services.in_process import serving
from tests.services.model_folder import plain, write_model_folder
from tests.tiny import make_tiny

GIVEN = {"data": "tiny", "model": "small_cnn", "width": 8, "size": 16, "epochs": 1, "int8": False}


@pytest.fixture(scope="module")
def project(module_project: Path) -> Path:
    make_tiny(module_project)
    return module_project


@pytest.fixture(scope="module")
def run(project: Path) -> Run:
    return tatara.train("classification", **GIVEN)


@pytest.fixture(scope="module")
def evaluated(run: Run) -> Evaluation:
    return tatara.evaluate(run)


def test_a_run_shows_its_curves_and_what_was_noticed(run: Run) -> None:
    assert len(run.history) == 1
    assert run.run_id
    shown = run._repr_html_()
    assert run.path.name in shown
    assert "data:image/png;base64," in shown
    assert "<iframe" not in shown


def test_training_in_a_finished_workspace_does_nothing_again(run: Run) -> None:
    weights = run.path / "train" / "model.weights.h5"
    before = weights.stat().st_mtime_ns
    assert tatara.train("classification", workspace=run.path, **GIVEN) == run
    assert weights.stat().st_mtime_ns == before


def test_an_evaluation_has_metrics_with_intervals_and_pictures(evaluated: Evaluation) -> None:
    one = evaluated.metrics["accuracy"]
    assert 0 <= one["low"] <= one["value"] <= one["high"] <= 1
    shown = evaluated._repr_html_()
    assert f"{one['value']:.4f}" in shown
    assert shown.count("data:image/png") == len(evaluated.pictures) > 1
    assert f"{one['value']:.4f}" in repr(evaluated)


def test_answers_are_those_of_the_runs_graphs_and_are_drawn(evaluated: Evaluation, project: Path) -> None:
    files = sorted((project / "data" / "tiny" / "test" / "7").iterdir())[:2]
    found = tatara.predict(evaluated, *files, top=2)
    assert len(found) == 2
    assert [len(answer.top) for answer in found] == [2, 2]
    assert sum(scored.score for scored in tatara.predict(evaluated, files[0], top=3)[0].top) == pytest.approx(
        1, abs=1e-5
    )
    assert found._repr_html_().count("<figure") == 2
    assert found[0].label in repr(found)


def test_names_of_files_are_not_read_as_html(evaluated: Evaluation, project: Path) -> None:
    plain = sorted((project / "data" / "tiny" / "test" / "7").iterdir())[0]
    odd = project / "<b>&.png"
    odd.write_bytes(plain.read_bytes())
    assert "<b>&" not in tatara.predict(evaluated, odd)._repr_html_()


def test_runs_are_compared_on_the_same_examples(evaluated: Evaluation) -> None:
    found = tatara.compare(evaluated, evaluated)
    assert found.found.pairs[0].differences["accuracy"].value == 0
    assert "data:image/png" in found._repr_html_()
    with pytest.raises(UsageError, match="two runs"):
        tatara.compare(evaluated)


def test_the_review_is_shown_even_when_nothing_waits(project: Path) -> None:
    assert len(tatara.review()) == 0
    assert "nothing waits" in tatara.review()._repr_html_()
    with pytest.raises(UsageError, match="absent"):
        tatara.review("absent/1")


def test_what_is_missing_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TATARA_URL", raising=False)
    with pytest.raises(UsageError, match="TATARA_URL"):
        tatara.predict("", "a.png")
    with pytest.raises(UsageError, match="give files"):
        tatara.predict(run)
    with pytest.raises(UsageError, match="learning_rate"):
        tatara.train("classification", data="tiny", learning_rat=1)


def test_a_service_elsewhere_is_asked_by_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, file = write_model_folder(tmp_path / "model"), tmp_path / "red.png"
    file.write_bytes(plain(200, 10, 10))
    with serving(folder) as url:
        monkeypatch.setenv("TATARA_URL", url)
        found = tatara.predict("", file, top=2)
        assert [(answer.label, len(answer.top)) for answer in found] == [("red", 2)]
        assert "<figure" in found._repr_html_()
        assert tatara.predict(url, file)[0].label == "red"


def test_the_verbs_are_completed_and_cost_nothing_until_they_are_used() -> None:
    assert {"train", "evaluate", "compare", "predict", "review"} <= set(dir(tatara))
    code = "import sys, tatara; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "tatara" in loaded
    assert not {"numpy", "pydantic", "tatara.notebook"} & set(loaded)
    with pytest.raises(AttributeError, match="tran"):
        tatara.tran  # noqa: B018
