"""The training itself: one ``fit`` over the steps that remain."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.nn.augment import Augmentation
from pipelines.training.callbacks import Checkpointing, Profiling, Recording, Reporting, Watching
from pipelines.training.input import Plan, training_data, validation_data
from pipelines.training.interrupt import deferred_interrupt
from pipelines.training.state import State, players, restore

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


@dataclass(frozen=True)
class Examples:
    """Prepared examples, float32 (examples, ...), and their targets, a tensor or a structure of them."""

    images: "tf.Tensor"
    targets: Any


@dataclass(frozen=True)
class Settings:
    """How `fit` goes about its work.

    Attributes:
        checkpoint: folder of the checkpoint.
        checkpoint_steps: steps between checkpoints; 0 writes one each epoch.
        early_stopping: epochs without a better valid loss; 0 is off.
        profile: folder for a trace, or None.
        look: called with the model and the number of each epoch that ends, or None.
    """

    checkpoint: Path
    checkpoint_steps: int = 0
    early_stopping: int = 0
    profile: Path | None = None
    look: Callable[["keras.Model", int], None] | None = None


def fit(
    model: "keras.Model",
    train: Examples,
    valid: Examples,
    plan: Plan,
    augment: Augmentation | None,
    state: State,
    settings: Settings,
    log: Any,
) -> None:
    """Train the compiled ``model`` from ``state`` to the end of the plan; its weights end as the best or last ones.

    Args:
        model: compiled; its variables are set from the checkpoint where there is one.
        train, valid: the examples.
        plan: of the steps, for ``train``.
        augment: of batches of images.
        state: updated in place.
        settings: checkpoints, early stopping, profile.
        log: takes lists of history rows.

    Raises:
        TataraError: the loss is not finite.
        KeyboardInterrupt: Ctrl-C; the checkpoint is written.
    """
    for optimizer, variables in players(model):
        optimizer.build(variables)
    reporting = Reporting(state, plan, log)
    profiling = [Profiling(settings.profile)] if settings.profile else []
    with deferred_interrupt() as interrupt:
        recording = Recording(state, settings.early_stopping)
        checkpointing = Checkpointing(settings.checkpoint, state, plan, settings.checkpoint_steps, interrupt)
        watching = [Watching(settings.look)] if settings.look else []
        callbacks = [recording, *watching, checkpointing, reporting, *profiling]
        watched = validation_data(valid.images, valid.targets, plan.batch)
        if state.step:
            model.evaluate(watched.take(1), verbose=0)  # builds the metrics, so that they can be restored
        if state.step and (state.step >= plan.steps or state.stopped):
            restore(settings.checkpoint, model)  # it had ended when it was killed
        try:
            while state.step < plan.steps and not state.stopped:
                epoch, within = divmod(state.step, plan.steps_per_epoch)
                model.fit(
                    training_data(train.images, train.targets, plan, state.step, augment),
                    initial_epoch=epoch,
                    epochs=epoch + 1 if within else plan.epochs,  # the rest of a broken epoch is a fit of its own
                    steps_per_epoch=plan.steps_per_epoch - within,
                    validation_data=watched,
                    callbacks=callbacks,
                    shuffle=False,  # the plan has shuffled
                    verbose=0,
                )
            reporting.flush()
        finally:
            reporting.close()
            for each in profiling:
                each.stop()
    for variable, value in zip(model.weights, state.best_weights, strict=False):
        variable.assign(value)
