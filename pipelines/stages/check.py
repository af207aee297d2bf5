"""Check: the evidence about a registered version that the registry's gates and its reviewers decide on."""

from pipelines import tracking
from pipelines.evidence.gather import gather, subject_of
from pipelines.parameters import Parameters
from pipelines.workspace import Workspace
from registry.evidence import FILE
from tatara.core.files import write_text


def run(workspace: Workspace, parameters: Parameters) -> None:
    """Write ``check/`` and log it to the run: ``evidence.json``, ``gallery.json`` with its pictures, and where there is
    a champion ``data_changes.json`` with its picture.

    Nothing is judged here, see `registry.evidence`.

    Raises:
        TataraError: nothing is registered from this workspace, or a model cannot be asked.
        RefusedError: the champion is of another kind.
    """
    subject = subject_of(workspace, parameters)
    with workspace.writing("check", parameters) as folder:
        evidence = gather(subject, folder)
        write_text(folder / FILE, evidence.model_dump_json(indent=1) + "\n")
        tracking.log_folder(workspace.run_id, folder, "check")
