"""Register what was evaluated as a model version, if it is the first or not worse, with its lineage attached."""

from pipelines import tracking
from pipelines.champion import against_champion, rival
from pipelines.datasets.dataset import open_dataset
from pipelines.lineage.collect import chain_of
from pipelines.parameters import Parameters
from pipelines.workspace import Workspace
from registry import review, versions
from registry.store import client
from registry.users import login
from tatara.core.errors import RefusedError
from tatara.core.files import read_json, sha256_file, tree, write_json, write_text

MODEL_ARTIFACT = "convert"


def run(workspace: Workspace, parameters: Parameters) -> None:
    """Register as a draft and as the candidate, unless the model is worse than the champion.

    Raises:
        RefusedError: it is worse, and not forced.
    """
    name = parameters.name or _default_name(parameters)
    comparison = against_champion(name, workspace, parameters, rival(name))
    if comparison.verdict == "worse" and not parameters.force:
        raise RefusedError(f"not registered: {comparison.reason}; force=true registers it all the same")
    with workspace.writing("register", parameters) as folder:
        version = _version(workspace, name)
        review.register(login(), name, version)
        chain = chain_of(workspace, name, version)
        write_text(folder / "lineage.json", chain.model_dump_json(indent=1))
        record = {
            "name": name,
            "version": version,
            "run_id": workspace.run_id,
            "verdict": comparison.verdict,
            "comparison": comparison.model_dump(),
            "forced": parameters.force,
            "digests": tree(workspace.folder("convert")),
        }
        write_json(folder / "registration.json", record)
        tracking.log_folder(workspace.run_id, folder, "register")
        versions.set_tags(name, version, {"tatara.verdict": comparison.verdict})
        versions.set_alias(name, versions.CANDIDATE, version)


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
