"""A run that stands for a trained one: validated, and with the weights of a model that was never trained."""

from pathlib import Path
from typing import Any

import keras

from pipelines.conversion.reference import blank_model
from pipelines.parameters import resolve
from pipelines.workspace import Workspace
from tatara.core.files import write_json
from tests.tiny import mark_validated


def untrained_run(project: Path, kind: str, classes: tuple[str, ...], given: dict[str, Any]) -> Workspace:
    """A workspace as the train stage leaves it, of the dataset ``given["data"]``, which lies in the project."""
    found, parameters = Workspace(project / ".tatara" / "runs" / f"{kind}-untrained"), resolve(kind, given)
    mark_validated(found, given["data"])
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    with found.writing("train", parameters) as folder:
        blank_model(parameters, len(classes)).save_weights(folder / "model.weights.h5")
        write_json(folder / "classes.json", list(classes))
        write_json(folder / "run.json", {"run_id": "none"})
    return found
