"""The chain behind a model version, collected from a run's stages."""

from pathlib import Path
from typing import Any

from pipelines.workspace import Workspace
from registry.records import Granted
from registry.store import client
from tatara.core.files import digest, read_json, tree
from tatara.core.home import state_root
from tatara.core.lineage import Chain, LinkName

STAGE_OF_LINK: dict[LinkName, str] = {
    "validation": "validate",
    "run": "train",
    "onnx": "convert",
    "evaluation": "evaluate",
    "approval": "check",
}
"""Links whose artifacts are a stage's files, which the MLflow run keeps under the stage's name."""


def chain_of(workspace: Workspace, name: str, version: str) -> Chain:
    """The chain from the data to the registered version, from the stages' folders."""
    validation = read_json(workspace.folder("validate") / "result.json")
    run = read_json(workspace.folder("train") / "run.json")
    parity = read_json(workspace.folder("convert") / "parity.json")
    facts: dict[LinkName, dict[str, Any]] = {
        "data": {"name": validation["data"], "revision": validation["revision"]},
        "validation": {"success": validation["success"], "rules": len(validation["rules"])},
        "code": {key: run[key] for key in ("git_commit", "git_dirty", "lock_sha256")},
        "run": {"run_id": run["run_id"], "parameters": digest(logged_parameters(run["run_id"]))},
        "onnx": {key: parity[key] for key in ("max_abs", "top1_equal", "examples")},
        "evaluation": {},
        "version": {"name": name, "version": version, **version_facts(name, version)},
    }
    chain = Chain()
    for link, values in facts.items():
        chain = chain.then(link, values, _stage_files(workspace, link))
    return chain


def with_approval(chain: Chain, granted: Granted, workspace: Workspace) -> Chain:
    """The chain with the approval's link: who gave it, and the evidence that it was given on."""
    facts = granted.model_dump(mode="json", exclude={"digests"})
    return chain.then("approval", facts, _stage_files(workspace, "approval"))


def with_bento(chain: Chain, package: dict[str, Any], register: Path) -> Chain:
    """The chain with the Bento's link: its files in the Bento store, and the registration that it was made from."""
    facts = {key: package[key] for key in ("bento", "model", "sha256")}
    records = {f"register/{path}": sha for path, sha in tree(register).items()}
    return chain.then("bento", facts, {**records, **bento_files(package)})


def bento_files(package: dict[str, Any]) -> dict[str, str]:
    """``bentos/...`` and ``models/...``, paths in the Bento store -> SHA-256."""
    found = {}
    for store, tag in (("bentos", package["bento"]), ("models", package["model"])):
        place = f"{store}/{tag.replace(':', '/')}"
        found.update({f"{place}/{path}": sha for path, sha in tree(state_root() / "bentoml" / place).items()})
    return found


def logged_parameters(run_id: str) -> dict[str, str]:
    """The run's parameters as MLflow has them."""
    return dict(client().get_run(run_id).data.params)


def version_facts(name: str, version: str) -> dict[str, Any]:
    """What the registry says of a version that must not change: its run, its files, the tags of its making."""
    found = client().get_model_version(name, version)
    kept = ("tatara.data", "tatara.revision", "tatara.contract")
    return {"run_id": found.run_id, "source": found.source, "tags": {key: found.tags.get(key) for key in kept}}


def _stage_files(workspace: Workspace, link: LinkName) -> dict[str, str]:
    stage = STAGE_OF_LINK.get(link)
    return {} if stage is None else {f"{stage}/{path}": sha for path, sha in tree(workspace.folder(stage)).items()}
