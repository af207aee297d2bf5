"""What is said of a package, put into it: the model card, the bill of materials, and where it comes from."""

from pathlib import Path
from typing import Any

from pipelines.packaging import attesting, learned, sbom
from pipelines.packaging.bento import ROOT, Contents
from pipelines.packaging.lock import read_lock
from pipelines.parameters import Parameters
from pipelines.validation.described import FILE as DESCRIBED
from pipelines.workspace import Workspace
from registry import review
from registry.records import Granted
from tatara.core import provenance
from tatara.core.contract import read_contract
from tatara.core.files import read_json, tree, write_text

CARD = "README.md"
FILES = (CARD, sbom.FILE, provenance.FILE)


def write(contents: Contents, workspace: Workspace, parameters: Parameters, granted: Granted) -> None:
    """Add `FILES` to the model's folder; the statement comes last, since it speaks of the others too."""
    release = contents.release
    card = review.card(release.name, release.version)
    write_text(contents.model / CARD, card.text)
    known = learned.Learned(
        card=card,
        contract=read_contract(contents.model / "contract.json"),
        architecture=workspace.parameters("train").model,
        digests={path: sha for path, sha in tree(contents.model).items() if Path(path).suffix == ".onnx"},
        data=_data(workspace),
    )
    bill = sbom.bill(
        release, read_lock(ROOT / contents.lock), learned.components(known), learned.beside(known), granted.at
    )
    write_text(contents.model / sbom.FILE, bill)
    write_text(contents.model / provenance.FILE, attesting.attest(contents, workspace, parameters))


def _data(workspace: Workspace) -> dict[str, Any]:
    """Of a run from before data were described, name and revision alone."""
    folder = workspace.folder("validate")
    if (folder / DESCRIBED).is_file():
        return dict(read_json(folder / DESCRIBED))
    result = read_json(folder / "result.json")
    return {"name": result["data"], "revision": result["revision"], "counted": ""}
