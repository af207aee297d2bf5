"""Model versions in MLflow's registry: making them, finding them by reference, and the aliases."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from registry.store import client
from registry.words import storable
from tatara.core.errors import TataraError, UsageError

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CANDIDATE = "candidate"
CHAMPION = "champion"


def create(name: str, run_id: str, artifact_path: str, tags: Mapping[str, str]) -> "ModelVersion":
    """A new version of ``name`` whose files are the run's artifacts at ``artifact_path``."""
    from mlflow.exceptions import MlflowException

    store = client()
    try:
        store.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise TataraError(f"{name!r} cannot be registered: {str(error).splitlines()[0]}") from None
    source = f"{store.get_run(run_id).info.artifact_uri}/{artifact_path}"
    return store.create_model_version(name, source=source, run_id=run_id, tags=dict(tags), await_creation_for=0)


def set_alias(name: str, alias: str, version: str) -> None:
    """Point ``alias`` at ``version``."""
    client().set_registered_model_alias(name, alias, version)


def set_tags(name: str, version: str, tags: Mapping[str, str]) -> None:
    """Write ``tags`` on a version."""
    for key, value in tags.items():
        client().set_model_version_tag(name, version, key, value)


def champion(name: str) -> "ModelVersion | None":
    """The version that serves, or None where there is none yet."""
    return _by_alias(name, CHAMPION)


def find(reference: str) -> "ModelVersion":
    """The version that ``NAME``, ``NAME@alias`` or ``NAME/version`` means; a bare name means the champion.

    Raises:
        UsageError: no such model, alias or version.
    """
    from mlflow.exceptions import MlflowException

    if not storable(reference):
        raise UsageError(f"no registered model {reference[:80]!r}")
    if match := re.fullmatch(r"(.+)/([0-9]{1,18})", reference, re.DOTALL):
        try:
            return client().get_model_version(match[1], match[2])
        except MlflowException:
            numbers = _numbers(match[1])
            there = f"there are {', '.join(map(str, numbers))}" if numbers else "no such model is registered"
            raise UsageError(f"no version {match[2]} of {match[1][:80]!r}; {there}") from None
    name, _, alias = reference.partition("@")
    found = _by_alias(name, alias or CHAMPION)
    if found is None:
        known = ", ".join(sorted(model.name for model in client().search_registered_models())) or "none yet"
        raise UsageError(
            f"no registered model {name[:80]!r} with a {alias[:80] or CHAMPION}; registered: {known[:200]}"
        )
    return found


def _numbers(name: str) -> list[int]:
    quote = '"' if "'" in name else "'"  # MLflow's filters know no other way to write one
    if quote in name:
        return []
    return sorted(int(other.version) for other in client().search_model_versions(f"name = {quote}{name}{quote}"))


def _by_alias(name: str, alias: str) -> "ModelVersion | None":
    from mlflow.exceptions import MlflowException

    try:
        return client().get_model_version_by_alias(name, alias)
    except MlflowException:
        return None
