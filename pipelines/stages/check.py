"""Check: the evidence about a registered version, judged by the registry's gates."""

from pipelines import tracking
from pipelines.evidence.gather import gather, subject_of
from pipelines.parameters import Parameters
from pipelines.workspace import Workspace
from registry import review
from registry.evidence import FILE, Evidence
from registry.users import login
from tatara.core.errors import RefusedError
from tatara.core.files import read_json, tree, write_text

BOUND = ("convert", "check")
"""Stages whose files an approval is bound to."""


def run(workspace: Workspace, parameters: Parameters) -> None:
    """Write ``check/`` and log it to the run: ``evidence.json``, ``gallery.json`` with its pictures, and where there is
    a champion ``data_changes.json`` with its picture. Then let the registry judge it.

    Raises:
        TataraError: nothing is registered from this workspace, or a model cannot be asked.
        RefusedError: the champion is of another kind, or a gate of the policy says no.
    """
    subject = subject_of(workspace, parameters)
    with workspace.writing("check", parameters) as folder:
        evidence = gather(subject, folder)
        write_text(folder / FILE, evidence.model_dump_json(indent=1) + "\n")
        tracking.replace_folder(workspace.run_id, folder, "check")
    _judge(workspace, evidence, parameters.force)


def _judge(workspace: Workspace, evidence: Evidence, forced: bool) -> None:
    """``force=true``, here or when it was registered, goes on although a gate blocks."""
    digests = {f"{stage}/{path}": sha for stage in BOUND for path, sha in tree(workspace.folder(stage)).items()}
    registered = read_json(workspace.folder("register") / "registration.json").get("forced", False)
    found = review.judge(evidence.name, evidence.version, evidence, digests, user=login(), forced=forced or registered)
    if found.summary.state in ("checked", "rejected") and found.judgement is not None:
        raise RefusedError(f"{evidence.name}/{evidence.version} is not approved: {found.judgement.reason}")
