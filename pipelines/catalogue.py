"""What can be trained: each model's paper, parameters, operations and bytes."""

import inspect
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.conversion.process import spawn
from pipelines.parameters import Parameters, choose, kinds, meaning, model_module, models, resolve
from tatara.core.contract import Strict
from tatara.core.errors import UsageError
from tatara.core.files import digest, read_json, sha256_file, write_json
from tatara.core.home import state_root

CLASSES = 10


class ModelCard(Strict):
    """One model at one configuration.

    Attributes:
        model, kind, paper: name, what it learns, where it comes from.
        about: the first line of its module.
        modality: of the examples.
        classes, size: for which the figures hold; ``size`` is the side of the prepared image, or the samples of the
            prepared sound.
        parameters: weights, trainable or not.
        flops: floating-point operations for one example; a multiply-add counts as two.
        bytes: of its ``model.onnx`` in float32.
        facts: what else there is to know of it at this configuration, such as a receptive field: name -> words.
        options: its parameters with their values here: first those that it adds or whose default it changes, then
            those of its kind, then those of every run.
        meanings: what these are, in words.
        groups: whose the options are -> their names, in the same order.
    """

    model: str
    kind: str
    paper: str
    about: str
    modality: str
    classes: int
    size: int
    parameters: int
    flops: int
    bytes: int
    facts: dict[str, str]
    options: dict[str, Any]
    meanings: dict[str, str]
    groups: dict[str, list[str]]


def list_models() -> list[ModelCard]:
    """Every model at its defaults, for `CLASSES` classes."""
    return _cards(
        [(resolve(kind, {"data": "none", "model": model}), CLASSES) for kind in kinds() for model in models(kind)]
    )


def show_model(model: str, given: Mapping[str, Any]) -> ModelCard:
    """One model, at the parameters in ``given``; ``classes`` is among these and `CLASSES` by default.

    Raises:
        UsageError: no such model or parameter, or a value of the wrong type or range.
    """
    kind_of = {name: kind for kind in kinds() for name in models(kind)}
    options = dict(given)
    classes = str(options.pop("classes", CLASSES))
    if not classes.isdecimal() or int(classes) < 1:
        raise UsageError(f"classes={classes!r}: a whole number from 1 is required")
    kind = kind_of[choose("model", model, kind_of)]
    return _cards([(resolve(kind, {"data": "none", **options, "model": model}), int(classes))])[0]


def _cards(asked: Sequence[tuple[Parameters, int]]) -> list[ModelCard]:
    """Cards in order; what is not in the cache yet is exported, all in one process."""
    cache = state_root() / "cache" / "models"
    source = _source_digest()
    paths = [
        cache / f"{digest({'parameters': one.model_dump(mode='json'), 'classes': classes, 'source': source})}.json"
        for one, classes in asked
    ]
    if missing := [position for position, path in enumerate(paths) if not path.exists()]:
        with tempfile.TemporaryDirectory() as folder:
            questions, answers = Path(folder, "asked.json"), Path(folder, "answers.json")
            rows = [asked[position] for position in missing]
            write_json(questions, [{"parameters": one.model_dump(mode="json"), "classes": n} for one, n in rows])
            spawn("pipelines.conversion.facts", str(questions), str(answers))
            for position, card in zip(missing, read_json(answers), strict=True):
                write_json(paths[position], card)
    return [_card(one, classes, read_json(path)) for (one, classes), path in zip(asked, paths, strict=True)]


def _card(parameters: Parameters, classes: int, figures: dict[str, int]) -> ModelCard:
    module = model_module(parameters.kind, parameters.model)
    values, groups = parameters.model_dump(mode="json"), _groups(module.Parameters, parameters)
    names = [name for group in groups.values() for name in group]
    return ModelCard(
        model=parameters.model, kind=parameters.kind, paper=module.PAPER, classes=classes, modality=parameters.modality,
        size=values["size"] if "size" in values else values["length"],
        about=(inspect.getdoc(module) or "").splitlines()[0], options={name: values[name] for name in names},
        meanings={name: meaning(module.Parameters, name) for name in names}, groups=groups,
        facts=module.facts(parameters) if hasattr(module, "facts") else {}, **figures,
    )  # fmt: skip


def _groups(schema: type[Parameters], parameters: Parameters) -> dict[str, list[str]]:
    """Names of the parameters by whose they are; each once, where it is declared last."""
    groups: dict[str, list[str]] = {parameters.model: [], parameters.kind: [], "every run": []}
    seen = {"kind", "data", "model"}
    for one in schema.__mro__:
        own = [name for name in inspect.get_annotations(one) if name in schema.model_fields]
        whose = parameters.model if one is schema else "every run" if one is Parameters else parameters.kind
        groups[whose] += [name for name in own if name not in seen]
        seen |= set(own)
    return {name: found for name, found in groups.items() if found}


def _source_digest() -> str:
    """Of all code that decides what is exported, and the versions of the libraries that do it."""
    package = Path(__file__).parent
    files = sorted(path for name in ("conversion", "nn", "tasks") for path in (package / name).rglob("*.py"))
    return digest([*(sha256_file(path) for path in files), *(version(name) for name in ("keras", "onnx", "tf2onnx"))])
