"""The contract of a run: what its parameters, classes and validated bounds say together."""

from typing import Any

from pipelines.parameters import task_module
from pipelines.workspace import Workspace
from tatara.core.contract import Bound, Contract
from tatara.core.files import read_json
from tatara.core.modalities import image


def task_of(workspace: Workspace) -> Any:
    """The module of the run's kind."""
    return task_module(workspace.parameters("train").kind)


def of_run(workspace: Workspace) -> Contract:
    """The contract of the model that the train stage left."""
    parameters, task = workspace.parameters("train"), task_of(workspace)
    classes = read_json(workspace.folder("train") / "classes.json")
    bounds = read_json(workspace.folder("validate") / "bounds.json")
    return Contract(
        modality=task.MODALITY,
        kind=parameters.kind,
        decoder=image.DECODER,
        labels=tuple(classes),
        preparation=task.preparation(parameters),
        outputs=task.output_shapes(parameters, len(classes)),
        bounds=tuple(Bound.model_validate(bound) for bound in bounds),
    )
