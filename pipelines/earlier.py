"""An earlier run that another one starts from: where its model lies, and which of its parameters go with it."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pipelines.parameters import Parameters, resolve
from pipelines.workspace import find_workspace
from tatara.core.errors import UsageError
from tatara.core.files import read_json
from tatara.core.progress import say


def trained_folder(reference: str) -> Path:
    """What the train stage left of an earlier run, found by workspace, run id or registered version.

    Raises:
        UsageError: no such run or version.
    """
    from mlflow.exceptions import MlflowException

    from registry import store, versions

    if "/" in reference and not Path(reference).is_dir():
        return store.local_artifacts(versions.find(reference).run_id, "train")
    try:
        return find_workspace(reference).folder("train")
    except UsageError:
        try:
            store.client().get_run(reference)
        except MlflowException:
            raise UsageError(
                f"weights={reference}: not imagenet, a run or a registered NAME/VERSION; `tatara compare` lists runs"
            ) from None
        return store.local_artifacts(reference, "train")


def trained_parameters(folder: Path) -> Parameters:
    """The parameters that a train stage's folder came from."""
    stored: dict[str, Any] = read_json(folder / "parameters.json")
    return resolve(stored.pop("kind"), stored)


def asked(
    kind: str, given: Mapping[str, Any], explicit: Collection[str] | None = None, beside: Collection[str] = ()
) -> Parameters:
    """The parameters of a new run: as `pipelines.parameters.resolve` has them, or with ``tune=none`` the earlier run's.

    A model that is served as it was trained needs the parameters that shaped it and its images. They are those that not
    every kind has, and the model's name; one line says which of them were taken.

    Args:
        kind: of the run.
        given: parameters by name.
        explicit: names among them that somebody asked for; all by default.
        beside: as for `resolve`.

    Raises:
        UsageError: as `resolve` and `trained_folder`, or the earlier run is of another kind or model.
    """
    reference = str(given.get("weights", "none"))
    if given.get("tune") != "none" or reference in ("none", "imagenet"):
        return resolve(kind, given, beside)
    explicit = given.keys() if explicit is None else explicit
    earlier = trained_parameters(trained_folder(reference))
    if earlier.kind != kind:
        raise UsageError(f"weights={reference} is a model of {earlier.kind}, not of {kind}")
    if "model" in explicit and given["model"] != earlier.model:
        raise UsageError(
            f"weights={reference} is {earlier.model}, which tune=none serves as it is; leave model={given['model']} out"
        )
    general = Parameters.model_fields.keys() - {"model"}
    own = {name: value for name, value in given.items() if name in general or name in explicit}
    shaping = {name: value for name, value in earlier.model_dump(mode="json").items() if name not in general}
    found = resolve(kind, {**shaping, **own}, beside)
    plain = resolve(kind, {**own, "model": earlier.model})
    taken = ["model", *(name for name in shaping if getattr(found, name) != getattr(plain, name))]
    say(f"weights={reference}: taken from it: {' '.join(f'{name}={_written(shaping[name])}' for name in taken)}")
    return found


def _written(value: Any) -> str:
    """As it would be given."""
    return value if isinstance(value, str) else json.dumps(value)
