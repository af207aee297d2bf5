"""A training that was killed ends in the same weights, bit for bit, as one that was not."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.workspace import Workspace
from registry.store import client
from tatara.core.files import read_json, sha256_file
from tests.tiny import mark_validated

SCRIPT = Path(__file__).with_name("killed.py")
Outcome = dict[str, Any]


@pytest.fixture(scope="module")
def workspaces(tiny_project: Path) -> dict[str, Workspace]:
    found = {name: Workspace(tiny_project / name) for name in ("whole", "broken", "full")}
    for workspace in found.values():
        mark_validated(workspace, "tiny")
    return found


@pytest.fixture(scope="module")
def outcome(workspaces: dict[str, Workspace]) -> Outcome:
    client()  # the store's first migration takes longer than everything that follows
    command = [sys.executable, SCRIPT, *(str(workspace.path) for workspace in workspaces.values())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    found: Outcome = json.loads(done.stdout.splitlines()[-1])
    return found


def history(workspace: Workspace) -> list[dict[str, str]]:
    with (workspace.folder("train") / "history.csv").open() as file:
        return [{name: row[name] for name in row if name not in ("seconds", "ended")} for row in csv.DictReader(file)]


def weights(workspace: Workspace) -> str:
    return sha256_file(workspace.folder("train") / "model.weights.h5")


def test_killed_at_random_steps_it_ends_in_the_same_bytes(outcome: Outcome, workspaces: dict[str, Workspace]) -> None:
    assert outcome["whole"][0] == 0, outcome["whole"][1]
    assert outcome["killed"] == [-9] * 3, outcome
    assert outcome["resumed"][0] == 0, outcome["resumed"][1]
    assert f"continuing at step {outcome['steps'][-1]} of" in outcome["resumed"][1]
    assert weights(workspaces["broken"]) == weights(workspaces["whole"]), outcome["steps"]
    assert history(workspaces["broken"]) == history(workspaces["whole"]), outcome["steps"]


def test_a_finished_training_leaves_no_checkpoint(outcome: Outcome, workspaces: dict[str, Workspace]) -> None:
    for name in ("whole", "broken"):
        assert {path.name for path in workspaces[name].path.iterdir()} == {"validate", "train", "said.txt"}


def test_it_stays_one_mlflow_run_with_each_epoch_once(outcome: Outcome, workspaces: dict[str, Workspace]) -> None:
    run_id = workspaces["broken"].run_id
    runs = client().search_runs([client().get_run(run_id).info.experiment_id])
    assert sum(run.info.run_name == "broken" for run in runs) == 1
    assert client().get_run(run_id).info.status == "FINISHED"
    logged = client().get_metric_history(run_id, "loss")
    expected = [float(row["loss"]) for row in history(workspaces["broken"])]
    assert [metric.step for metric in logged] == list(range(1, len(expected) + 1))
    np.testing.assert_allclose([metric.value for metric in logged], expected)


def test_ctrl_c_leaves_a_checkpoint_and_nothing_else(outcome: Outcome) -> None:
    assert outcome["interrupted"][0] == 130, outcome["interrupted"][1]
    assert "stopping after this step" in outcome["interrupted"][1]
    left = {name for name in outcome["left"] if not name.startswith("validate")}
    assert left == {"checkpoint", "checkpoint/run.json", "checkpoint/state.npz", "said.txt"}


def test_a_full_disk_is_one_clear_line_and_leaves_nothing(outcome: Outcome, workspaces: dict[str, Workspace]) -> None:
    code, said = outcome["full"]
    last = said.splitlines()[-1]
    assert code == 1, said
    assert "the file grew too large; free some space" in last
    folder = workspaces["full"].path
    assert {path.name for path in folder.iterdir()} == {"validate", "checkpoint", "said.txt"}
    assert {path.name for path in (folder / "checkpoint").iterdir()} == {"run.json"}
    run = client().get_run(read_json(folder / "checkpoint" / "run.json")["run_id"])
    assert run.info.status == "FAILED"
