"""What a package was made from, stated and signed: `tatara.core.provenance` says what the statement is."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.packaging.bento import Contents
from pipelines.parameters import Parameters
from pipelines.workspace import Workspace
from registry.keys import signing_key
from registry.store import client
from tatara.core.envelope import seal
from tatara.core.errors import TataraError
from tatara.core.files import read_json, sha256_file, tree
from tatara.core.provenance import FILE, MEDIA_TYPE, Statement, Subject

BUILD_TYPE = "urn:tatara:build:run:1"
"""`tatara run` with the external parameters, on the resolved dependencies; see docs/signing.md."""
BUILDER = "urn:tatara:builder:pipelines:1"
TRAIN_LOCK = "requirements/train.txt"


def attest(contents: Contents, workspace: Workspace, parameters: Parameters) -> str:
    """The signed statement about what lies in ``contents`` now, which is all but the statement and the manifest."""
    statement = Statement(
        subject=tuple(Subject(name=name, digest={"sha256": sha}) for name, sha in sorted(_files(contents).items())),
        predicate={"buildDefinition": _definition(contents, workspace, parameters), "runDetails": _run(workspace)},
    )
    return seal(statement, MEDIA_TYPE, signing_key()).model_dump_json() + "\n"


def _files(contents: Contents) -> dict[str, str]:
    """By the paths that they will have in the store."""
    model, bento = Path("models") / contents.place, Path("bentos") / contents.place
    found = {(model / name).as_posix(): sha for name, sha in tree(contents.model).items() if name != FILE}
    for name, sha in tree(contents.context).items():
        inside = "env/python/requirements.txt" if name == "requirements.txt" else f"src/{name}"
        found[(bento / inside).as_posix()] = sha
    return found


def _definition(contents: Contents, workspace: Workspace, parameters: Parameters) -> dict[str, Any]:
    run = read_json(workspace.folder("train") / "run.json")
    trained = workspace.parameters("train")
    result = read_json(workspace.folder("validate") / "result.json")
    locks = {TRAIN_LOCK: run["lock_sha256"], contents.lock: sha256_file(contents.context / "requirements.txt")}
    code = {"name": "code", "digest": {"gitCommit": run["git_commit"]}, "annotations": {"changed": run["git_dirty"]}}
    data = {
        "name": f"data/{result['data']}", "digest": {"sha256": result["revision"]},
        "annotations": {"of": "the JSON of every file's path and SHA-256"},
    }  # fmt: skip
    return {
        "buildType": BUILD_TYPE,
        "externalParameters": trained.model_dump(mode="json"),
        "internalParameters": {"device": run.get("device"), "gpu": parameters.gpu, "name": contents.release.name},
        "resolvedDependencies": [
            *([code] if run["git_commit"] else []),
            data,
            *({"name": name, "digest": {"sha256": sha}} for name, sha in locks.items() if sha),
            *_weights(trained.weights),
        ],
    }


def _weights(source: str) -> list[dict[str, Any]]:
    """Where the training started; with a digest where they can still be read."""
    if source == "none":
        return []
    from pipelines.earlier import trained_folder

    found: dict[str, Any] = {"name": f"weights={source}", "uri": f"urn:tatara:weights:{source}"}
    if source != "imagenet":
        try:
            found["digest"] = {"sha256": sha256_file(trained_folder(source) / "model.weights.h5")}
        except (TataraError, OSError):
            return [found]
    return [found]


def _run(workspace: Workspace) -> dict[str, Any]:
    """Times are the training run's, so that packaging again says the same."""
    run = client().get_run(workspace.run_id).info
    times = {"startedOn": run.start_time, "finishedOn": run.end_time}
    metadata = {name: _moment(time) for name, time in times.items() if time is not None}
    return {"builder": {"id": BUILDER}, "metadata": {"invocationId": workspace.run_id, **metadata}}


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
