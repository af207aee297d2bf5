"""A version's signatures: over everything that its chain of digests names, and over the chain itself.

That is, of the run's artifacts, what validated, trained, converted, evaluated, checked and registered it (the model,
the contract, the evidence, the approval), and once it is packaged the package's record and both folders of the Bento.
Each folder is signed by itself, ``convert.sig`` beside ``convert``. That they belong together, and to this version, is
said by the chain, which is signed with them: a folder that was signed for another version is refused.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from registry import signing, versions
from registry.store import client
from tatara.core.errors import RefusedError, TataraError
from tatara.core.home import state_root
from tatara.core.lineage import Chain, read_chain
from tatara.core.signature import require_signed

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from registry.acting import Row
    from registry.records import Judgement

CHAIN = "lineage.json"
RECORDS = ("package", "check", "register")
"""Folders of the run's artifacts that may hold the chain, the longest first."""
BEFORE_PACKAGING = RECORDS[1:]
EVIDENCE = "check"
"""The folder that an approval stands on; the chain names it once the version is packaged."""
STORES = ("bentos", "models")
BENTO = "tatara.bento"
"""Tag of a version that is packaged."""


@dataclass(frozen=True)
class Part:
    """A folder that is signed by itself; ``name`` is how the chain's files begin that lie in it."""

    name: str
    path: Path


def sign_version(reference: str, key: Path, records: Sequence[str] = RECORDS) -> dict[str, Path]:
    """Sign every part of a version; part -> its signature.

    Args:
        reference: as for `versions.find`.
        key: private.
        records: where to look for the chain: without ``package`` what is packaged is left alone.

    Raises:
        UsageError: no such version.
        TataraError: something is missing, or as for `signing.sign`.
    """
    found = versions.find(reference)
    with _artifacts(found.run_id) as root:
        record, chain = _chain(found, root, records)
        made = {part.name: signing.sign(part.path, key) for part in _parts(record, chain, root)}
        if not _local(found.run_id):
            for part in made:
                if part.partition("/")[0] not in STORES:
                    client().log_artifact(found.run_id, str(made[part]))
    return made


def verify_version(reference: str, public_key: Path, records: Sequence[str] = RECORDS) -> dict[str, str]:
    """Hold every part of a version to its signature, and all of them to the signed chain.

    Returns:
        What is signed: part / relative path -> SHA-256.

    Raises:
        UsageError: no such version.
        RefusedError: unsigned, altered, or not of this version; the message names the file.
    """
    found = versions.find(reference)
    signed: dict[str, str] = {}
    with _artifacts(found.run_id) as root:
        record, chain = _chain(found, root, records)
        for part in _parts(record, chain, root):
            files = require_signed(part.path, public_key)
            signed |= {f"{part.name}/{where}": sha for where, sha in files.items()}
    version = chain.link("version").facts
    if (version["name"], str(version["version"])) != (found.name, str(found.version)):
        raise RefusedError(
            f"{found.name}/{found.version} holds what was signed for {version['name']}/{version['version']}"
        )
    for link in chain.links:
        for where, sha in link.artifacts.items():
            if signed.get(where) != sha:
                raise RefusedError(f"{where} is signed, but is not the one of {found.name}/{found.version}'s chain")
    return signed


def require(row: "Row", judgement: "Judgement", records: Sequence[str] = RECORDS) -> None:
    """Refuse an unsigned or altered version where its policy says ``signed: true``.

    Args:
        row, judgement: the version, and what its check came to.
        records: as for `sign_version`.

    Raises:
        RefusedError: the message says what is missing or altered, and how to sign.
    """
    if not judgement.signed:
        return
    try:
        verify_version(row.what, signing.public_key(), records)
    except TataraError as error:
        raise RefusedError(
            f"the policy {judgement.policy} asks for a signature: {error}; look, then: tatara sign {row.what}"
        ) from None


def hold_to_signed(folder: Path, signed: dict[str, str], parts: Sequence[str]) -> None:
    """Refuse a run's folder in which a file of ``parts`` is not the one that was signed.

    Raises:
        RefusedError: added, missing or changed; the message names the file.
    """
    from tatara.core.manifest import first_difference
    from tatara.core.signature import digests

    for part in parts:
        expected = {path: sha for path, sha in signed.items() if path.startswith(f"{part}/")}
        present = {f"{part}/{path}": sha for path, sha in digests(folder / part).items()}
        if difference := first_difference(expected, present):
            where, how = difference
            raise RefusedError(f"{folder / where} {how} since it was signed; run the step again, review and sign anew")


def _chain(found: "ModelVersion", root: Path, records: Sequence[str]) -> tuple[str, Chain]:
    """The folder that holds the chain, and the chain."""
    for record in records:
        if (root / record / CHAIN).is_file():
            return record, read_chain(root / record / CHAIN)
        if record == "package" and BENTO in found.tags:
            raise RefusedError(f"{found.name}/{found.version} is packaged, but {root / record / CHAIN} is gone")
    raise TataraError(f"{found.name}/{found.version} has no {CHAIN} in its run's artifacts; register it again")


def _parts(record: str, chain: Chain, root: Path) -> list[Part]:
    """In the chain's order, the chain's own folder last."""
    names: dict[str, None] = {}
    for link in chain.links:
        for where in link.artifacts:
            stage, *inside = where.split("/")
            names["/".join([stage, *inside[:2]]) if stage in STORES else stage] = None
    if (root / EVIDENCE).is_dir():
        names[EVIDENCE] = None
    names.pop(record, None)
    return [Part(name, _place(name, root)) for name in [*names, record]]


def _place(name: str, root: Path) -> Path:
    return (state_root() / "bentoml" if name.partition("/")[0] in STORES else root) / name


def _local(run_id: Any) -> Path | None:
    """The folder of the run's artifacts, where they lie on this machine."""
    uri = urlparse(client().get_run(run_id).info.artifact_uri)
    return Path(unquote(uri.path)) if uri.scheme in ("", "file") else None


@contextmanager
def _artifacts(run_id: Any) -> Iterator[Path]:
    """The run's artifacts and signatures: themselves, or a fresh copy of those in a store elsewhere."""
    if local := _local(run_id):
        yield local
        return
    from mlflow.exceptions import MlflowException

    with TemporaryDirectory(prefix="signed-") as copy:
        try:
            client().download_artifacts(run_id, "", copy)
        except (MlflowException, OSError) as error:
            raise TataraError(f"run {run_id}: artifacts cannot be read ({str(error).splitlines()[0]})") from None
        yield Path(copy)
