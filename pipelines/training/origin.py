"""What a training may start from, told before it begins."""

from collections.abc import Sequence
from typing import Any

from pipelines.earlier import trained_folder
from pipelines.parameters import Parameters, model_module, task_module
from pipelines.training import quiet
from tatara.core.errors import UsageError
from tatara.core.files import read_json


def refuse_unfit(parameters: Parameters, classes: Sequence[str]) -> None:
    """Say what `pipelines.training.weights.initialize` would say, but for what only a download tells.

    Args:
        parameters: of the run.
        classes: that its model will answer with.

    Raises:
        UsageError, TataraError: as `initialize`; or ``tune=none`` with a model of other classes.
    """
    if parameters.weights == "none":
        refuse_without_weights(parameters)
    elif parameters.weights == "imagenet":
        published(parameters)
        if parameters.tune == "none":
            raise UsageError("tune=none serves a trained model, and weights=imagenet knows none of the classes here")
    else:
        known = read_json(trained_folder(parameters.weights) / "classes.json")
        if parameters.tune == "none" and known != list(classes):
            raise UsageError(
                f"tune=none: weights={parameters.weights} answers with {_listed(known)}, data={parameters.data} has "
                f"{_listed(classes)}; they must be the same in the same order, or train with tune=head"
            )
        quiet.import_tensorflow()
        from pipelines.training.weights import initialize

        initialize(task_module(parameters.kind).build(parameters, len(classes)), parameters)


def _listed(classes: Sequence[str], most: int = 4) -> str:
    more = f" and {len(classes) - most} more" if len(classes) > most else ""
    return f"{len(classes)} classes ({', '.join(classes[:most])}{more})"


def refuse_without_weights(parameters: Parameters) -> None:
    """Refuse to keep features or a model as given where none is given."""
    if parameters.tune != "all":
        what = "given features" if parameters.tune == "head" else "a given model"
        raise UsageError(f"tune={parameters.tune} keeps {what}, so it needs weights: a run, or NAME/VERSION")


def published(parameters: Parameters) -> Any:
    """The model's module, whose function ``imagenet`` gives published weights.

    Raises:
        UsageError: it has none.
    """
    module = model_module(parameters.kind, parameters.model)
    if not hasattr(module, "imagenet"):
        raise UsageError(f"{parameters.model} has no ImageNet weights; use weights=none or an earlier run")
    return module
