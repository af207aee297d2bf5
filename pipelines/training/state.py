"""What a training has done so far, and the checkpoint from which it continues bit for bit."""

import json
import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tatara.core.errors import TataraError

if TYPE_CHECKING:
    import keras

STATE = "state.npz"
Row = dict[str, float]


@dataclass
class State:
    """Progress of a training.

    Attributes:
        step: optimizer steps done.
        history: a row an epoch: ``epoch`` (from 1), the metrics, ``learning_rate``, ``seconds``, ``ended`` (ms, Unix).
        seconds: spent in the epoch that is under way.
        best_loss, best_epoch: of the valid split, where early stopping watches it.
        best_weights: of that epoch.
        stopped: early stopping has ended the training.
    """

    step: int = 0
    history: list[Row] = field(default_factory=list)
    seconds: float = 0.0
    best_loss: float | None = None
    best_epoch: int = 0
    best_weights: list[NDArray[np.float32]] = field(default_factory=list)
    stopped: bool = False


def save(folder: Path, model: "keras.Model", state: State) -> None:
    """Write the checkpoint: every variable of model, optimizer and metrics, seed generators included, and ``state``.

    It goes to a temporary name first and replaces the last one when it is whole.
    """
    facts = {each.name: getattr(state, each.name) for each in fields(state)}
    best = facts.pop("best_weights")
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in _variables(model).items()}
    arrays |= {f"best/{position}": value for position, value in enumerate(best)}
    temporary = folder / f".{STATE}"
    try:
        with temporary.open("wb") as file:
            np.savez(file, facts=np.array(json.dumps(facts)), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, folder / STATE)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load(folder: Path) -> State:
    """The state in the checkpoint, or a new one where there is none yet."""
    if not (folder / STATE).exists():
        return State()
    with _opened(folder) as stored:
        best = [stored[f"best/{position}"] for position in range(sum(name.startswith("best/") for name in stored))]
        return State(**json.loads(str(stored["facts"])), best_weights=best)


def restore(folder: Path, model: "keras.Model") -> None:
    """Give ``model``, its optimizer and its metrics, as far as they are built, the values in the checkpoint."""
    with _opened(folder) as stored:
        for name, variable in _variables(model).items():
            variable.assign(stored[name])


def players(model: "keras.Model") -> list[tuple["keras.optimizers.Optimizer", list[Any]]]:
    """Each optimizer of a compiled model and the variables that it moves: one of all, or one of each player's."""
    return getattr(model, "players", None) or [(model.optimizer, model.trainable_variables)]


def _variables(model: "keras.Model") -> dict[str, Any]:
    moved = [variable for optimizer, _ in players(model) for variable in optimizer.variables]
    groups = {"model": model.variables, "optimizer": moved, "metric": model.metrics_variables}
    return {f"{group}/{position}": each for group, found in groups.items() for position, each in enumerate(found)}


def _opened(folder: Path) -> Any:
    try:
        return np.load(folder / STATE, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise TataraError(f"{folder / STATE}: not a checkpoint ({error}); remove {folder} to start anew") from None
