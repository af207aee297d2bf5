"""The evidence about a version anew, from what its run kept in MLflow: against today's champion, on this machine."""

from pathlib import Path

from pipelines.run import run_stage
from pipelines.workspace import STAGES, Workspace
from registry import versions
from registry.evidence import Evidence, read
from registry.store import local_artifacts
from tatara.core.errors import TataraError
from tatara.core.files import whole_directory
from tatara.core.home import state_root

NEEDED = STAGES[: STAGES.index("check")]


def again(name: str, version: str) -> Evidence:
    """Compute, log to the version's run below ``check/``, and give it; the data has to lie under ``data/``.

    What was registered is judged, whatever has become of the workspace since.

    Raises:
        UsageError: no such version.
        TataraError: its run did not keep a step, or the data is not what it was.
    """
    workspace = kept_workspace(name, version)
    run_stage("check", workspace, workspace.parameters("register"))
    return read(workspace.folder("check"))


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
