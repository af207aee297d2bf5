"""Trainings that end in hard ways, in forked children of one process that imported TensorFlow once.

``python killed.py WORKSPACES``: each of the folders is validated; prints one JSON object.
"""

import json
import os
import random
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras  # noqa: F401
import mlflow.system_metrics.system_metrics_monitor  # noqa: F401
import pandas  # noqa: F401
import tensorflow as tf  # noqa: F401

from pipelines.parameters import resolve
from pipelines.stages import train
from pipelines.training import callbacks, state
from pipelines.workspace import Workspace
from tatara.core.errors import TataraError
from tatara.core.progress import say

GIVEN = {
    "data": "tiny", "size": 16, "width": 4, "batch_size": 8, "epochs": 5, "checkpoint_steps": 3, "early_stopping": 4,
    "dropout": 0.5, "shift": 0.2, "flip": "horizontal", "optimizer": "adamw", "weight_decay": 0.01,
    "warmup_epochs": 1,
}  # fmt: skip
PER_EPOCH = 4


def in_child(workspace: Path, given: dict[str, Any], before: Callable[[], None]) -> tuple[int, str]:
    """Train in a child after ``before``; its wait status as an exit code (negative: the signal) and what it said."""
    said = workspace / "said.txt"
    child = os.fork()
    if child == 0:
        code = 70
        try:
            with said.open("a") as file:
                os.dup2(file.fileno(), 2)
            before()
            train.run(Workspace(workspace), resolve("classification", given))
            code = 0
        except TataraError as error:
            say(str(error))
            code = error.exit_code
        except KeyboardInterrupt:
            code = 130
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said.read_text()


def at_step(step: int, number: int) -> Callable[[], None]:
    """Sends the signal when that step has ended."""

    def install() -> None:
        original = callbacks.Recording.on_train_batch_end

        def hooked(self: Any, batch: int, logs: Any = None) -> None:
            original(self, batch, logs)
            if self.state.step == step:
                os.kill(os.getpid(), number)

        callbacks.Recording.on_train_batch_end = hooked

    return install


def in_checkpoint(after: int) -> Callable[[], None]:
    """Kills after a checkpoint's bytes are written and before it takes its place."""

    def install() -> None:
        original, count = os.replace, iter(range(100))

        def hooked(source: Any, target: Any) -> None:
            if Path(target).name == state.STATE and next(count) == after:
                os.kill(os.getpid(), signal.SIGKILL)
            original(source, target)

        state.os.replace = hooked

    return install


def small_disk() -> None:
    """No file may grow beyond what the first checkpoint needs."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))


def main(whole: Path, broken: Path, full: Path) -> dict[str, Any]:
    """Run them all."""
    found: dict[str, Any] = {"whole": in_child(whole, GIVEN, lambda: None)}
    *steps, within = sorted(random.SystemRandom().sample(range(1, 3 * PER_EPOCH), 3))
    found["steps"] = [*steps, within, 4 * PER_EPOCH]
    found["killed"] = [in_child(broken, GIVEN, at_step(step, signal.SIGKILL))[0] for step in steps]
    found["killed"].append(in_child(broken, GIVEN, in_checkpoint(0))[0])
    for step in (within, 4 * PER_EPOCH):
        found["interrupted"] = in_child(broken, GIVEN, at_step(step, signal.SIGINT))
    found["left"] = sorted(path.relative_to(broken).as_posix() for path in broken.rglob("*"))
    found["resumed"] = in_child(broken, GIVEN, lambda: None)
    found["full"] = in_child(full, {**GIVEN, "width": 48}, small_disk)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*map(Path, sys.argv[1:]))))
