"""What happens between the steps of a training: history, early stopping, checkpoints, progress, the profile."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipelines.parameters import Parameters
from pipelines.training import state as checkpoints
from pipelines.training.input import Plan
from pipelines.training.interrupt import Interrupt
from pipelines.training.state import Row, State
from tatara.core.errors import TataraError
from tatara.core.progress import bars, say

BESIDE = ("epoch", "learning_rate", "seconds", "ended")
"""Columns of the history that are no metric. Metrics whose names end in ``_loss`` are parts of the loss."""


class Recording(keras.callbacks.Callback):
    """Appends a row an epoch to the history, and ends the training that stopped improving on the valid split."""

    def __init__(self, state: State, patience: int) -> None:
        super().__init__()
        self.state, self.patience = state, patience
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = time.perf_counter() - self.state.seconds

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.state.step += 1
        self.state.seconds = time.perf_counter() - self._began

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        metrics = {name: float(value) for name, value in logs.items()}
        if not math.isfinite(metrics["loss"]):
            raise TataraError(
                f"the loss is {metrics['loss']} in epoch {epoch + 1}; lower learning_rate, or find_rate=true"
            )
        row = {
            "epoch": epoch + 1,
            **metrics,
            "learning_rate": float(self.model.optimizer.learning_rate),
            "seconds": time.perf_counter() - self._began,
            "ended": int(time.time() * 1000),
        }
        self.state.history.append(row)
        self.state.seconds = 0.0
        if self.patience:
            self._watch(row)

    def _watch(self, row: Row) -> None:
        state = self.state
        if state.best_loss is None or row["val_loss"] < state.best_loss:
            state.best_loss, state.best_epoch = row["val_loss"], int(row["epoch"])
            state.best_weights = [np.asarray(variable) for variable in self.model.weights]
        elif row["epoch"] - state.best_epoch >= self.patience:
            state.stopped = self.model.stop_training = True


class Checkpointing(keras.callbacks.Callback):
    """Continues from the checkpoint at the first step, and writes one at every ``every``-th and each epoch's end."""

    def __init__(self, folder: Path, state: State, plan: Plan, every: int, interrupt: Interrupt) -> None:
        super().__init__()
        self.folder, self.state, self.plan, self.every, self.interrupt = folder, state, plan, every, interrupt
        self._restored = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Here and not earlier, since Keras resets the metrics just before."""
        if not self._restored and (self.folder / checkpoints.STATE).exists():
            checkpoints.restore(self.folder, self.model)
        self._restored = True

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.state.step % self.plan.steps_per_epoch == 0:
            return  # the epoch's end follows; a checkpoint before it would lose the epoch's row
        if self.interrupt.asked or (self.every and self.state.step % self.every == 0):
            checkpoints.save(self.folder, self.model, self.state)
        if self.interrupt.asked:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.reset_metrics()  # the next epoch begins without this one's
        checkpoints.save(self.folder, self.model, self.state)
        if self.interrupt.asked:
            raise KeyboardInterrupt


class Watching(keras.callbacks.Callback):
    """Shows the model to ``look`` after each epoch, before its checkpoint: what is seen is there if that is."""

    def __init__(self, look: Callable[[keras.Model, int], None]) -> None:
        super().__init__()
        self.look = look

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.look(self.model, epoch + 1)


class Reporting(keras.callbacks.Callback):
    """Shows how far the training is and hands new history rows on, every few seconds and at the end.

    Args:
        state: whose history grows.
        plan: of the steps.
        log: takes the rows that it has not had yet.
    """

    SECONDS_BETWEEN_LOGS = 10.0

    def __init__(self, state: State, plan: Plan, log: Callable[[list[Row]], None]) -> None:
        super().__init__()
        self.state, self.plan, self.log = state, plan, log
        self._logged, self._at = 0, time.monotonic()
        self._bar: Any = None
        if bars():
            from tqdm import tqdm

            self._bar = tqdm(total=plan.steps, initial=state.step, desc="train", unit="step", dynamic_ncols=True)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._bar is not None:
            self._bar.update()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        row = self.state.history[-1]
        names = [name for name in row if name not in BESIDE and not name.removeprefix("val_").endswith("_loss")]
        names.sort(key=lambda name: (name.startswith("val_"), not name.endswith("loss")))
        shown = {name: f"{row[name]:.4f}" for name in names}
        if self._bar is not None:
            self._bar.set_postfix({name.replace("val_", "valid "): row[name] for name in names})
        else:
            words = "  ".join(f"{name} {value}" for name, value in shown.items())
            say(f"train: epoch {epoch + 1}/{self.plan.epochs}  {words}  {row['seconds']:.1f} s")
        if time.monotonic() - self._at > self.SECONDS_BETWEEN_LOGS:
            self.flush()

    def flush(self) -> None:
        """Hand on what has not been handed on."""
        self.log(self.state.history[self._logged :])
        self._logged, self._at = len(self.state.history), time.monotonic()

    def close(self) -> None:
        """End the bar's line."""
        if self._bar is not None:
            self._bar.close()


class Profiling(keras.callbacks.Callback):
    """Traces a few steps after the first ones, which compile, into ``folder``."""

    FIRST, STEPS = 3, 10

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self._seen, self._running = 0, False

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        import tensorflow as tf

        if self._seen == self.FIRST:
            tf.profiler.experimental.start(str(self.folder))
            self._running = True
        self._seen += 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._seen == self.FIRST + self.STEPS:
            self.stop()

    def stop(self) -> None:
        """End the trace, if one is running."""
        import tensorflow as tf

        if self._running:
            tf.profiler.experimental.stop()
            self._running = False


def describe(parameters: Parameters, plan: Plan) -> str:
    """One line on what is about to be trained."""
    epochs, steps = _counted(plan.epochs, "epoch"), _counted(plan.steps_per_epoch, "step")
    where = f"{parameters.model} on {plan.examples:,} examples of {parameters.data}"
    return f"train: {where}, {epochs} of {steps} of {plan.batch}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
