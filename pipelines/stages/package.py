"""Package: the approved model version as a Bento, pinned by digest, that serves without the training environment."""

import re
import unicodedata
from pathlib import Path
from typing import Any

from pipelines import tracking
from pipelines.lineage.collect import with_bento
from pipelines.packaging.bento import Release, build_bento
from pipelines.parameters import Parameters
from pipelines.workspace import Workspace
from registry import versions
from tatara.core.errors import RefusedError
from tatara.core.files import digest, read_json, sha256_bytes, tree, write_json, write_text
from tatara.core.home import state_root
from tatara.core.lineage import read_chain


def run(workspace: Workspace, parameters: Parameters) -> None:
    """Build the Bento of the registered version and attach its record to the run and the version.

    Writes ``package.json`` {bento, path, model, manifest, sha256, files} and ``lineage.json``, the whole chain.

    Raises:
        RefusedError: the version is not approved, or the approval is of other bytes.
        TataraError: BentoML cannot build it; the message ends with its last line.
    """
    registration = read_json(workspace.folder("register") / "registration.json")
    converted, register = workspace.folder("convert"), workspace.folder("register")
    _hold_to_approval(registration, converted)
    name, version = str(registration["name"]), str(registration["version"])
    with workspace.writing("package", parameters) as folder:
        release = Release(name=name, version=version, tag=f"{slug(name)}:{version}", gpu=parameters.gpu)
        record = _record(build_bento(release, converted, register / "lineage.json", state_root() / "bentoml"))
        write_json(folder / "package.json", record)
        chain = with_bento(read_chain(register / "lineage.json"), record, register)
        write_text(folder / "lineage.json", chain.model_dump_json(indent=1))
        tracking.log_folder(workspace.run_id, folder, "package")
        versions.set_tags(name, version, {"tatara.bento": record["bento"], "tatara.chain": str(chain.digest)})


def slug(name: str) -> str:
    """``name`` as BentoML takes it: lower-case ASCII. A name that loses something on the way ends in its digest."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    kept = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40]
    return kept if kept == name else "-".join(filter(None, (kept or "model", sha256_bytes(name.encode())[:8])))


def _hold_to_approval(registration: dict[str, Any], converted: Path) -> None:
    name, version = registration["name"], registration["version"]
    if (registration.get("approval") or {}).get("decision") != "approved":
        raise RefusedError(f"{name}/{version} is not approved; nothing is packaged without an approval")
    now = tree(converted)
    for path in sorted(now.keys() | registration["digests"].keys()):
        if now.get(path) != registration["digests"].get(path):
            raise RefusedError(f"{converted / path} is not what {name}/{version} was approved with; convert again")


def _record(built: dict[str, Any]) -> dict[str, Any]:
    files = tree(Path(built["path"]))
    return {**built, "sha256": digest(files), "files": len(files)}
