"""Package: the approved model version as a Bento, pinned by digest, that serves without the training environment."""

import re
import shutil
import unicodedata
from functools import partial
from pathlib import Path
from typing import Any

from pipelines import tracking
from pipelines.lineage.collect import with_approval, with_bento
from pipelines.packaging import papers
from pipelines.packaging.bento import Release, build_bento
from pipelines.parameters import Parameters
from pipelines.workspace import Workspace
from registry import review, users, versions
from registry.binding import MODEL
from registry.records import Granted
from registry.states import Actor, at_least
from registry.users import login
from tatara.core.errors import RefusedError
from tatara.core.files import digest, read_json, sha256_bytes, tree, write_json, write_text
from tatara.core.home import state_root
from tatara.core.lineage import read_chain
from tatara.core.progress import say


def run(workspace: Workspace, parameters: Parameters) -> None:
    """Build the Bento of the approved version, attach its record to the run and the version, and let it serve.

    Writes ``package.json`` {bento, path, model, manifest, sha256, files, approval}, ``approved.json``, the chain that
    the Bento holds and whose digest every answer carries, and ``lineage.json``, the whole chain. The model card, the
    bill of materials and the signed provenance lie with the model, see `pipelines.packaging.papers`, and are copied.

    Raises:
        RefusedError: the version is not approved, or an approval is void; the message says why.
        TataraError: BentoML cannot build it; the message ends with its last line.
    """
    registration = read_json(workspace.folder("register") / "registration.json")
    converted, register = workspace.folder("convert"), workspace.folder("register")
    name, version = str(registration["name"]), str(registration["version"])
    granted = review.granted(name, version)
    _hold_to_approval(f"{name}/{version}", granted, converted)
    with workspace.writing("package", parameters) as folder:
        approved = with_approval(read_chain(register / "lineage.json"), granted, workspace)
        write_text(folder / "approved.json", approved.model_dump_json(indent=1))
        tag = f"{slug(name)}:{version}"
        release = Release(name=name, version=version, tag=tag, gpu=parameters.gpu, signed=granted.signed)
        write = partial(papers.write, workspace=workspace, parameters=parameters, granted=granted)
        home = state_root() / "bentoml"
        record = _record(build_bento(release, converted, folder / "approved.json", home, write))
        for paper in papers.FILES:
            shutil.copyfile(home / "models" / Path(*release.tag.split(":")) / paper, folder / paper)
        write_json(
            folder / "package.json", {**record, "approval": granted.model_dump(mode="json", exclude={"digests"})}
        )
        chain = with_bento(approved, record, register)
        write_text(folder / "lineage.json", chain.model_dump_json(indent=1))
        tracking.log_folder(workspace.run_id, folder, "package")
        tags = {"tatara.bento": record["bento"], "tatara.lineage": approved.digest, "tatara.chain": chain.digest}
        versions.set_tags(name, version, {key: str(value) for key, value in tags.items()})
        _promote(name, version, granted)


def slug(name: str) -> str:
    """``name`` as BentoML takes it: lower-case ASCII. A name that loses something on the way ends in its digest."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    kept = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40]
    return kept if kept == name else "-".join(filter(None, (kept or "model", sha256_bytes(name.encode())[:8])))


def _hold_to_approval(what: str, granted: Granted, converted: Path) -> None:
    now = {f"{MODEL}{path}": sha for path, sha in tree(converted).items()}
    approved = {path: sha for path, sha in granted.digests.items() if path.startswith(MODEL)}
    for path in sorted(now.keys() | approved.keys()):
        if now.get(path) != approved.get(path):
            raise RefusedError(f"{converted.parent / path} is not what {what} was approved with; convert again")


def _promote(name: str, version: str, granted: Granted) -> None:
    """What a policy approved it promotes, but over a champion nothing whose author overruled a gate; that, and what
    people approved, an operator promotes, if that is who packages it."""
    what = f"{name}/{version}"
    if granted.signed:
        say(f"{what} is packaged; now: tatara sign {what}, then tatara review promote {what}")
        return
    if granted.automatic and not _takes_a_place_overruled(name, version):
        review.promote(None, name, version)
        return
    user = users.find(login())
    if user is not None and at_least(Actor(user.name, user.role), "operator"):
        review.promote(user.name, name, version, reason="packaged")
        return
    say(f"{what} is packaged; an operator lets it serve: tatara review promote {what}")


def _takes_a_place_overruled(name: str, version: str) -> bool:
    judgement, champion = review.record(name, version).judgement, versions.champion(name)
    return judgement is not None and judgement.overruled and champion is not None and str(champion.version) != version


def _record(built: dict[str, Any]) -> dict[str, Any]:
    files = tree(Path(built["path"]))
    return {**built, "sha256": digest(files), "files": len(files)}
