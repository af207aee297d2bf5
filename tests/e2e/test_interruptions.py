"""Ctrl-C in every step, and two runs at once on a store that is not there yet."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.workspace import STAGES

SMALL = ("epochs=1", "width=8", "size=16")


def start(*words: str) -> "subprocess.Popen[str]":
    """A run that hears Ctrl-C, also where the tests are a background job, whose children are born deaf to it."""
    command = [sys.executable, "-m", "tatara", "run", *words]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def interrupted_in(stage: str, *words: str) -> tuple[int, str]:
    """Start a run, press Ctrl-C when ``stage`` begins; its exit code and what it said last."""
    with start(*words) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            if line.startswith(stage):
                os.killpg(process.pid, signal.SIGINT)
                break
        said = process.stderr.read()
    return process.returncode, said.strip().splitlines()[-1] if said.strip() else ""


def leftovers(root: Path) -> list[Path]:
    """Half-written files and folders anywhere in the state."""
    return [
        path for path in (root / ".tatara").rglob(".*") if path.name.startswith(tuple(f".{stage}." for stage in STAGES))
    ]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ctrl_c_in_every_step_leaves_nothing_half_written_and_the_run_resumes(project: Path) -> None:
    words: tuple[str, ...] = ("classification", "data=digits", *SMALL)
    for stage in STAGES:
        code, said = interrupted_in(stage, *words)
        assert (code, said) == (130, "tatara: interrupted; finished stages are kept"), stage
        (workspace,) = (project / ".tatara" / "runs").iterdir()
        finished = {path.name for path in workspace.iterdir() if path.name in STAGES}
        assert finished == set(STAGES[: STAGES.index(stage)])
        assert leftovers(project) == []
        words = (f"resume={workspace.name}",)
    with start(*words, "--json") as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    result = json.loads(out)
    assert (result["name"], result["version"]) == ("digits", "1")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_runs_at_once_on_a_cold_store(project: Path) -> None:
    both = [start("classification", "data=digits", f"seed={seed}", "force=true", *SMALL, "--json") for seed in (1, 2)]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    results = [json.loads(out) for out, _ in said]
    assert {result["version"] for result in results} == {"1", "2"}
    assert results[0]["workspace"] != results[1]["workspace"]
