"""Where a training starts from: fresh weights, ImageNet's, an earlier run's or a registered version's."""

import contextlib
import os
import re
import sys
import urllib.error
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.earlier import trained_folder, trained_parameters
from pipelines.parameters import Parameters, task_module
from pipelines.training.optimizer import HEAD
from pipelines.training.origin import published, refuse_without_weights
from tatara.core.errors import TataraError, UsageError
from tatara.core.files import read_json

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Transfer:
    """Which of a model's variables took given values, and which kept fresh ones, as ``layer/variable shape``."""

    source: str
    matched: tuple[str, ...]
    unmatched: tuple[str, ...]


def initialize(model: "keras.Model", parameters: Parameters) -> Transfer | None:
    """Give ``model`` the values that ``parameters.weights`` names and freeze what ``parameters.tune`` leaves alone.

    Raises:
        UsageError: no such run, version or pretrained model.
        TataraError: the weights cannot be fetched or read, or none of them fits.
    """
    if parameters.weights == "none":
        refuse_without_weights(parameters)
        return None
    source = _imagenet(parameters) if parameters.weights == "imagenet" else _earlier(parameters.weights)
    transfer = copy_matching(source, model, parameters.weights)
    if not transfer.matched:
        raise TataraError(f"weights={parameters.weights}: no variable fits {parameters.model}; train the same model")
    if parameters.tune == "none" and transfer.unmatched:
        raise UsageError(
            f"tune=none: {len(transfer.unmatched)} variables are not in weights={parameters.weights}, first "
            f"{transfer.unmatched[0]}; give a run of the same model, size and classes, or tune=head"
        )
    if parameters.tune == "head":
        for layer in model.layers:
            layer.trainable = layer.name.startswith(HEAD)
    return transfer


def copy_matching(source: "keras.Model", target: "keras.Model", name: str) -> Transfer:
    """Copy each of ``source``'s variables to ``target``'s of the same place and shape.

    The place is the layer's class and its number among the layers of that class, so it does not depend on the names
    that Keras makes up; layers of the head are matched by their names.
    """
    given, matched, unmatched = _by_place(source), [], []
    for place, variable in _by_place(target).items():
        title = f"{place} {tuple(variable.shape)}"
        if place in given and given[place].shape == variable.shape:
            variable.assign(given[place])
            matched.append(title)
        else:
            unmatched.append(title)
    return Transfer(name, tuple(matched), tuple(unmatched))


def _by_place(model: "keras.Model") -> dict[str, Any]:
    counts: dict[str, int] = {}
    found = {}
    for layer in model.layers:
        kind = type(layer).__name__
        number = counts[kind] = counts.get(kind, -1) + 1
        place = layer.name if layer.name.startswith(HEAD) else f"{kind}.{number}"
        found.update({f"{place}/{variable.name}": variable for variable in layer.weights})
    return found


def _imagenet(parameters: Parameters) -> "keras.Model":
    module = published(parameters)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # where Keras shows the progress of a download
            model: keras.Model = module.imagenet(parameters)
    except (urllib.error.URLError, OSError) as error:
        raise _not_fetched(str(error)) from None
    except ValueError as error:  # sizes or widths that nobody has published
        raise UsageError(f"weights=imagenet: {' '.join(str(error).split())}") from None
    except Exception as error:
        if "URL fetch failure" not in str(error):
            raise
        raise _not_fetched(str(error)) from None
    return model


def _not_fetched(reason: str) -> TataraError:
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    address = re.search(r"https?://\S+?\.h5", reason)
    if address is None:
        return TataraError(f"weights=imagenet: {folder} has no usable file ({' '.join(reason.split())})")
    file = address[0].rpartition("/")[2]
    return TataraError(
        f"weights=imagenet: {file} is not in {folder} and cannot be fetched; "
        f"download {address[0]} where there is a network and put it at {folder / file}"
    )


def _earlier(reference: str) -> "keras.Model":
    """The float32 model that an earlier run left."""
    folder = trained_folder(reference)
    parameters = trained_parameters(folder)
    model: keras.Model = task_module(parameters.kind).build(parameters, len(read_json(folder / "classes.json")))
    try:
        model.load_weights(folder / "model.weights.h5")
    except (ValueError, OSError, KeyError) as error:
        raise TataraError(f"{folder / 'model.weights.h5'}: cannot be read ({str(error).splitlines()[0]})") from None
    return model
