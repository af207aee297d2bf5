"""What a package was made from, and by what: an in-toto statement that anyone who holds the package can verify.

The statement is in-toto's (github.com/in-toto/attestation/tree/main/spec/v1), its predicate SLSA's provenance
(slsa.dev/spec/v1.0/provenance), its envelope DSSE. It lies with the model in the Bento store and speaks of the model's
files and of the Bento's code and lock. It cannot speak of the manifest, which covers the statement itself, nor of the
pin to that: these are held to each other. What BentoML writes anew at every build (``bento.yaml``, the Dockerfile) is
covered by the lineage and by `tatara sign`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field

from tatara.core.contract import Strict
from tatara.core.envelope import opened
from tatara.core.errors import RefusedError
from tatara.core.files import read_json
from tatara.core.manifest import MANIFEST, first_difference, verify_seal
from tatara.core.signature import digests

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FILE = "provenance.intoto.json"
MEDIA_TYPE = "application/vnd.in-toto+json"
CODE = ("src", "env/python/requirements.txt")
"""Of a Bento."""
PIN = "src/pin.json"
BUILT = (PIN, "src/bentofile.yaml")
"""Of a Bento's code, what a build makes."""
STORED = ("model.yaml",)
"""What BentoML adds to a model's folder."""


class Subject(Strict):
    """A file of the package: its path in the Bento store, and its SHA-256 by the key ``sha256``."""

    name: str
    digest: dict[Literal["sha256"], str]


class Statement(Strict):
    """An in-toto statement with SLSA provenance. Field names are theirs."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    type: Literal["https://in-toto.io/Statement/v1"] = Field(default="https://in-toto.io/Statement/v1", alias="_type")
    subject: tuple[Subject, ...]
    predicateType: Literal["https://slsa.dev/provenance/v1"] = "https://slsa.dev/provenance/v1"  # noqa: N815
    predicate: dict[str, Any]


def verify_package(path: Path, key: "Ed25519PublicKey") -> dict[str, str]:
    """Hold a package in a Bento store to its provenance, and that to the key.

    Args:
        path: ``STORE/models/NAME/VERSION/provenance.intoto.json``.
        key: the registry's.

    Returns:
        Path in the store -> SHA-256 of every file that the statement speaks of.

    Raises:
        RefusedError: no statement, altered, signed by another key, or a file of the package was added, removed or
            altered; the message names the file.
    """
    if not path.is_file():
        raise RefusedError(f"{path}: missing; package the model again")
    try:
        statement = opened(path.read_bytes(), MEDIA_TYPE, Statement, key)
    except RefusedError as error:
        raise RefusedError(f"{path}: {error}") from None
    stated = {one.name: one.digest["sha256"] for one in statement.subject}
    if len(path.parts) < 5 or path.parts[-4] != "models" or len(stated) != len(statement.subject):
        raise RefusedError(f"{path}: not in the models of a Bento store, or a file is stated twice; verify it there")
    if difference := first_difference(stated, package_files(path.parents[3], Path(*path.parts[-3:-1]))):
        where, how = difference
        raise RefusedError(f"{path.parents[3] / where} {how} since {FILE} was signed; package the model again")
    _verify_pin(path.parents[3], Path(*path.parts[-3:-1]))
    return stated


def _verify_pin(store: Path, place: Path) -> None:
    """The Bento serves this model and no other, by the manifest that lists the files which were stated."""
    pin, model = store / "bentos" / place / PIN, store / "models" / place
    try:
        pinned = dict(read_json(pin))
    except (OSError, ValueError, TypeError):
        raise RefusedError(f"{pin}: missing or not readable as JSON; package the model again") from None
    if pinned.get("model") != ":".join(place.parts):
        raise RefusedError(f"{pin} names another model, {str(pinned.get('model'))[:80]!r}; package the model again")
    verify_seal(model, str(pinned.get("manifest")), beside=STORED)


def package_files(store: Path, place: Path) -> dict[str, str]:
    """Path in the store -> SHA-256 of the files that a statement has to speak of, of the package at ``NAME/VERSION``.

    Raises:
        RefusedError: a symbolic link or an empty folder, which no list of files can speak of.
    """
    model, bento = Path("models") / place, Path("bentos") / place
    found = {
        (model / name).as_posix(): sha
        for name, sha in digests(store / model).items()
        if name not in (FILE, MANIFEST, *STORED)
    }
    for part in CODE:
        if (store / bento / part).exists():
            for name, sha in digests(store / bento / part).items():
                found[(bento / part / name).as_posix()] = sha
    for name in BUILT:
        found.pop((bento / name).as_posix(), None)
    return found
