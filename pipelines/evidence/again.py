"""Where a version is checked again, against today's champion on this machine: the data has to lie under ``data/``."""

from pathlib import Path

from pipelines.workspace import STAGES, Workspace, find_workspace
from registry import versions
from registry.acting import run_of
from registry.store import local_artifacts
from tatara.core.errors import TataraError, UsageError
from tatara.core.files import whole_directory
from tatara.core.home import state_root

NEEDED = STAGES[: STAGES.index("check")]


def workspace_of(name: str, version: str) -> Workspace:
    """The folder of the version's run; a `kept_workspace` where that is not on this machine.

    Raises:
        UsageError: no such version.
        TataraError: its run did not keep a step.
    """
    run_id, _ = run_of(name, version)
    try:
        return find_workspace(run_id)
    except UsageError:
        return kept_workspace(name, version)


def kept_workspace(name: str, version: str) -> Workspace:
    """A workspace under the cache whose finished steps are the version's artifacts, as links.

    Raises:
        UsageError: no such version.
        TataraError: its run did not keep a step.
    """
    run_id = str(versions.find(f"{name}/{version}").run_id)
    path = state_root() / "cache" / "check" / run_id
    with whole_directory(path) as folder:
        for stage in NEEDED:
            (folder / stage).symlink_to(_kept(name, version, run_id, stage).absolute(), target_is_directory=True)
    return Workspace(path)


def _kept(name: str, version: str, run_id: str, stage: str) -> Path:
    try:
        return local_artifacts(run_id, stage)
    except TataraError as error:
        raise TataraError(f"{name}/{version} cannot be checked again: {error}; run it anew") from None
