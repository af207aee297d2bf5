"""Register what was evaluated as a model version, if it is the first or not worse, with its lineage attached."""

from pathlib import Path
from typing import Any

from pipelines import tracking
from pipelines.champion import Comparison, against_champion, rival
from pipelines.datasets.dataset import open_dataset
from pipelines.lineage.collect import chain_of
from pipelines.parameters import Parameters
from pipelines.workspace import Workspace
from registry import approval, versions
from registry.store import client
from tatara.core.errors import RefusedError
from tatara.core.files import digest, read_json, sha256_file, tree, write_json, write_text

MODEL_ARTIFACT = "convert"


def run(workspace: Workspace, parameters: Parameters) -> None:
    """Register, unless the model is worse than the champion, let the approval be decided, and move the aliases.

    Raises:
        RefusedError: the model is worse than the champion, or the approval was refused.
    """
    name = parameters.name or _default_name(parameters)
    comparison = against_champion(name, workspace, parameters, rival(name))
    if comparison.verdict == "worse" and not parameters.force:
        raise RefusedError(f"not registered: {comparison.reason}; force=true registers it all the same")
    with workspace.writing("register", parameters) as folder:
        version = _version(workspace, name)
        digests = tree(workspace.folder("convert"))
        decision = approval.decide(_evidence(workspace, comparison, parameters.force), _binds(workspace, digests))
        chain = chain_of(workspace, name, version, decision)
        write_text(folder / "lineage.json", chain.model_dump_json(indent=1))
        record = {
            "name": name,
            "version": version,
            "run_id": workspace.run_id,
            "verdict": comparison.verdict,
            "comparison": comparison.model_dump(),
            "approval": decision.model_dump(mode="json"),
            "lineage": chain.digest,
            "digests": digests,
        }
        write_json(folder / "registration.json", record)
        _publish(workspace.run_id, folder, record)
    if decision.decision != "approved":
        raise RefusedError(f"{name}/{version} is registered as candidate but not approved: {decision.reason}")


def _default_name(parameters: Parameters) -> str:
    """The dataset's, so that its models compete; with the kind where that is not the dataset's own."""
    own = open_dataset(parameters.data).description.kind
    return parameters.data if parameters.kind == own else f"{parameters.data}-{parameters.kind}"


def _version(workspace: Workspace, name: str) -> str:
    """The version of this run: a new one, or the one that an interrupted attempt left."""
    run_id = workspace.run_id
    for found in client().search_model_versions(f"run_id = '{run_id}'"):
        if found.name == name:
            return str(found.version)
    tracking.log_folder(run_id, workspace.folder("convert"), MODEL_ARTIFACT)
    result = read_json(workspace.folder("validate") / "result.json")
    contract = sha256_file(workspace.folder("convert") / "contract.json")
    tags = {"tatara.data": result["data"], "tatara.revision": result["revision"], "tatara.contract": contract}
    return str(versions.create(name, run_id, MODEL_ARTIFACT, tags).version)


def _evidence(workspace: Workspace, comparison: Comparison, forced: bool) -> approval.Evidence:
    validation = read_json(workspace.folder("validate") / "result.json")
    parity = read_json(workspace.folder("convert") / "parity.json")
    return approval.Evidence(
        validated=validation["success"],
        parity=parity["top1_equal"],
        verdict=comparison.verdict,
        reason=comparison.reason,
        forced=forced,
        above_chance=read_json(workspace.folder("evaluate") / "metrics.json").get("above_chance"),
        warnings=read_json(workspace.folder("train") / "run.json").get("warnings", ()),
    )


def _binds(workspace: Workspace, converted: dict[str, str]) -> dict[str, str]:
    """What an approval means: the exact model, contract and evidence."""
    return {
        "model": converted["model.onnx"],
        "prepare": converted["prepare.onnx"],
        "contract": converted["contract.json"],
        "evidence": digest({stage: tree(workspace.folder(stage)) for stage in ("validate", "evaluate")}),
    }


def _publish(run_id: str, folder: Path, record: dict[str, Any]) -> None:
    """Attach the records to the run and the version, then move the aliases."""
    name, version, decision = record["name"], record["version"], record["approval"]
    tracking.log_folder(run_id, folder, "register")
    versions.set_tags(
        name,
        version,
        {
            "tatara.lineage": record["lineage"],
            "tatara.verdict": record["verdict"],
            "tatara.approval": f"{decision['decision']} by {decision['by']}",
        },
    )
    versions.set_alias(name, versions.CANDIDATE, version)
    if decision["decision"] == "approved":
        versions.set_alias(name, versions.CHAMPION, version)
