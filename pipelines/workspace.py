"""A run's folder: one subfolder a finished stage. A stage's folder exists only when the stage succeeded."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.parameters import Parameters, resolve
from tatara.core.errors import TataraError, UsageError
from tatara.core.files import read_json, whole_directory, write_json
from tatara.core.home import state_root

STAGES = ("validate", "train", "convert", "evaluate", "register", "check", "package")


@dataclass(frozen=True)
class Workspace:
    """The folder that a run's stages read and write."""

    path: Path

    def finished(self, stage: str) -> bool:
        """Whether ``stage`` has succeeded here."""
        return (self.path / stage).is_dir()

    def folder(self, stage: str) -> Path:
        """The folder of a finished stage.

        Raises:
            TataraError: the stage has not succeeded here; the message names the command to run.
        """
        if not self.finished(stage):
            raise TataraError(f"{self.path}: no result of {stage}; run `tatara {stage} workspace={self.path}` first")
        return self.path / stage

    @contextmanager
    def writing(self, stage: str, parameters: Parameters) -> Iterator[Path]:
        """A temporary folder that becomes the stage's when the block succeeds; ``parameters.json`` is put into it."""
        with whole_directory(self.path / stage) as folder:
            write_json(folder / "parameters.json", parameters.model_dump(mode="json"))
            yield folder

    def parameters(self, stage: str) -> Parameters:
        """The parameters that a finished stage ran with."""
        return _stored(self.folder(stage) / "parameters.json")

    def resumed_parameters(self) -> Parameters:
        """The parameters that the run was started with.

        Raises:
            UsageError: the folder was not started by ``tatara run``.
        """
        path = self.path / "parameters.json"
        if not path.is_file():
            raise UsageError(f"{self.path} was not started by `tatara run`; run its steps one by one instead")
        return _stored(path)

    @property
    def run_id(self) -> str:
        """MLflow's id of the run that the train stage logged to."""
        return str(read_json(self.folder("train") / "run.json")["run_id"])


def _stored(path: Path) -> Parameters:
    stored: dict[str, Any] = read_json(path)
    return resolve(stored.pop("kind"), stored)


def new_workspace(parameters: Parameters) -> Workspace:
    """A fresh name under ``.tatara/runs``, of time, dataset and model; the folder comes with the first file in it."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return Workspace(state_root() / "runs" / f"{stamp}-{parameters.data}-{parameters.model}-{secrets.token_hex(2)}")


def find_workspace(reference: str) -> Workspace:
    """The workspace with that folder path, folder name under ``.tatara/runs``, or MLflow run id.

    Raises:
        UsageError: none matches.
    """
    runs = state_root() / "runs"
    for path in (Path(reference).absolute(), runs / reference):
        if path.is_dir():
            return Workspace(path)
    for record in sorted((*runs.glob("*/train/run.json"), *runs.glob("*/checkpoint/run.json"))):
        if read_json(record)["run_id"] == reference:
            return Workspace(record.parents[1])
    raise UsageError(f"no run {reference!r}; give a folder, a name under {runs}, or an MLflow run id")
