"""The contract of a run: what its parameters, classes and validated bounds say together."""

from collections.abc import Sequence
from typing import Any

from pipelines.nn.prepare import preparation_of
from pipelines.parameters import Parameters, task_module, tiling_of
from pipelines.workspace import Workspace
from tatara.core.contract import Bound, Contract
from tatara.core.files import read_json
from tatara.core.modalities import modality_module


def of_run(workspace: Workspace) -> Contract:
    """The contract of the model that the train stage left."""
    parameters = workspace.parameters("train")
    classes = read_json(workspace.folder("train") / "classes.json")
    bounds = read_json(workspace.folder("validate") / "bounds.json")
    return agreed(parameters, classes, tuple(Bound.model_validate(bound) for bound in bounds))


def agreed(parameters: Parameters, classes: Sequence[str], bounds: tuple[Bound, ...] = ()) -> Contract:
    """The contract of a model of these parameters."""
    task: Any = task_module(parameters.kind)
    fields = {
        "modality": parameters.modality,
        "kind": parameters.kind,
        "decoder": modality_module(parameters.modality).DECODER,
        "labels": tuple(classes),
        "preparation": preparation_of(parameters),
        "outputs": task.output_shapes(parameters, len(classes)),
        "finished": task.finished_shapes(len(classes)),
        "tiling": tiling_of(parameters),
        "bounds": bounds,
    }
    return Contract.model_validate(fields)
