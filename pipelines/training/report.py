"""What a finished training leaves: weights, history, summary and pictures."""

import csv
import io
import shutil
from pathlib import Path

import keras
import numpy as np

from pipelines.conversion.reference import blank_model
from pipelines.nn.colour import prepared_pictures
from pipelines.nn.prepare import preparation_of
from pipelines.training import plots, progress, trace
from pipelines.training.input import Plan, training_data
from pipelines.training.job import Job
from pipelines.training.state import State
from tatara.core.files import write_json, write_text

WEIGHTS = "model.weights.h5"
PROFILE = "profile"
RANGE_TEST = "rate_finder.png"
SAMPLES = 32


def write_report(folder: Path, checkpoint: Path, job: Job, model: keras.Model, state: State) -> None:
    """Fill ``folder`` from the trained ``model``; a profile and a range test are taken over from ``checkpoint``."""
    bare = blank_model(job.parameters, len(job.classes))  # without the optimizer, which is twice the model
    bare.set_weights(model.get_weights())
    bare.save_weights(folder / WEIGHTS)
    write_json(folder / "classes.json", list(job.classes))
    write_text(folder / "history.csv", _csv(state.history))
    lines: list[str] = []
    model.summary(line_length=100, print_fn=lines.append)
    write_text(folder / "summary.txt", "\n".join(lines) + "\n")
    if state.history:
        plots.curves(folder / "plots" / "curves.png", state.history, state.best_epoch)
    _gallery(folder / "plots" / "samples.png", job)
    if (checkpoint / RANGE_TEST).exists():
        shutil.copyfile(checkpoint / RANGE_TEST, folder / "plots" / RANGE_TEST)
    if (checkpoint / progress.FOLDER).exists():
        shutil.copytree(checkpoint / progress.FOLDER, folder / "plots" / progress.FOLDER)
    if (checkpoint / PROFILE).exists():
        shutil.copytree(checkpoint / PROFILE, folder / PROFILE)
        trace.write_perfetto(folder / PROFILE)


def facts(folder: Path, model: keras.Model, state: State) -> dict[str, float]:
    """Numbers about the model and its training, as MLflow's metrics."""
    trainable = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    return {
        "parameters": model.count_params(),
        "trainable_parameters": trainable,
        "weights_bytes": (folder / WEIGHTS).stat().st_size,
        "seconds_per_epoch": float(np.median([row["seconds"] for row in state.history] or [0.0])),
        "training_seconds": sum(row["seconds"] for row in state.history),
        "epochs_trained": len(state.history),
    }


def _csv(history: list[dict[str, float]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(history[0]) if history else ["epoch"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return buffer.getvalue()


def _gallery(path: Path, job: Job) -> None:
    """The first training examples as the model sees them, augmented."""
    import tensorflow as tf

    train, plan = job.train.examples(), job.plan
    once = Plan(plan.examples, min(SAMPLES, plan.examples), 1, plan.seed)
    data = training_data(train.images, train.targets, once, 0, job.task.augmentation(job.parameters))
    ((images, targets),) = data.take(1)
    title = f"{job.parameters.data}: training examples as the model sees them"
    shown = prepared_pictures(images.numpy(), preparation_of(job.parameters))
    targets = tf.nest.map_structure(lambda each: each.numpy(), targets)
    job.task.sample_picture(path, shown, targets, job.classes, title)
