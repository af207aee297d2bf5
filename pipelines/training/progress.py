"""How a model's answers to the same valid examples change from epoch to epoch, for kinds that draw them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines import tracking
from pipelines.nn.colour import pictured
from pipelines.nn.prepare import preparation_of
from pipelines.training.job import Job

if TYPE_CHECKING:
    import keras

FOLDER = "progress"
SHOWN = 6


def watcher(job: Job, checkpoint: Path, run_id: str) -> "Callable[[keras.Model, int], None] | None":
    """What draws ``progress/epoch_<number>.png`` below ``checkpoint`` and logs it to the run; None for other kinds.

    The examples are spread over the valid split, the same in every epoch and in every run on these data.
    """
    draw = getattr(job.task, "progress_picture", None)
    if draw is None:
        return None
    prepared = job.valid.prepared.array()
    chosen = np.linspace(0, len(prepared) - 1, min(len(prepared), SHOWN)).astype(int)
    images, truths = np.array(prepared[chosen]), job.valid.targets[chosen]
    shown = pictured(images, preparation_of(job.parameters)).clip(0, 1)

    def look(model: "keras.Model", epoch: int) -> None:
        path = checkpoint / FOLDER / f"epoch_{epoch:04}.png"
        outputs = model.predict_on_batch(images)
        draw(path, shown, outputs, truths, f"{job.parameters.data}, valid split, after epoch {epoch}")
        tracking.log_file(run_id, path, FOLDER)

    return look
