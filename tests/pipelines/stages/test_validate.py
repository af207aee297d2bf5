from pathlib import Path

import pandas
import pytest

from pipelines.datasets.dataset import open_dataset
from pipelines.datasets.index import build_index
from pipelines.parameters import resolve
from pipelines.stages import validate
from pipelines.workspace import Workspace
from tatara.core.errors import RefusedError
from tatara.core.files import read_json, tree
from tests.pipelines.validation.pictures import make_project

PARAMETERS = resolve("classification", {"data": "pets"})


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_project(tmp_path / "project")
    monkeypatch.chdir(root)
    monkeypatch.setenv("TATARA_HOME", str(tmp_path / "state"))
    return root / "data" / "pets"


def test_a_fit_dataset_gives_the_evidence_that_later_stages_read(pets: Path, tmp_path: Path):
    workspace = Workspace(tmp_path / "run")
    validate.run(workspace, PARAMETERS)
    folder = workspace.folder("validate")
    assert set(tree(folder)) == {
        "parameters.json", "result.json", "bounds.json", "failing.csv", "near_duplicates.csv",
        "data_docs/index.html", "index.parquet", "dataset.json",
    }  # fmt: skip
    assert read_json(folder / "result.json")["success"] is True
    index = build_index(open_dataset("pets"))
    pandas.testing.assert_frame_equal(pandas.read_parquet(folder / "index.parquet"), index, check_dtype=False)


def test_an_unfit_dataset_stops_the_run_leaves_no_trace_in_it_and_can_be_read_about(pets: Path, tmp_path: Path):
    (pets / "test" / "cat" / "0.png").write_bytes(b"no image")
    workspace = Workspace(tmp_path / "run")
    (tmp_path / "run").mkdir()
    with pytest.raises(RefusedError, match=r"pets: 2 of 16 rules not met, first decodes \(test/cat/0.png: ") as caught:
        validate.run(workspace, PARAMETERS)
    assert "`tatara data check pets`" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "run").iterdir()) == []
    assert not workspace.finished("validate")
    assert "test/cat/0.png" in (tmp_path / "state/data_docs/pets/failing.csv").read_text()


def test_an_earlier_success_does_not_stand_when_the_data_are_refused_now(pets: Path, tmp_path: Path):
    workspace = Workspace(tmp_path / "run")
    validate.run(workspace, PARAMETERS)
    (pets / "train" / "cat" / "0.png").write_bytes(b"")
    with pytest.raises(RefusedError):
        validate.run(workspace, PARAMETERS)
    assert not workspace.finished("validate")


def test_an_interruption_while_writing_leaves_nothing(pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(result: object, dataset: object, folder: Path) -> None:
        (folder / "result.json").write_text('{"success": true')
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.stages.validate.write_report", interrupted)
    with pytest.raises(KeyboardInterrupt):
        validate.run(Workspace(tmp_path / "run"), PARAMETERS)
    assert list((tmp_path / "run").iterdir()) == []
