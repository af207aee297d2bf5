"""The seal of a model folder: digests of all its files, checked before any of them is loaded."""

from pathlib import Path

from tatara.core.errors import RefusedError, TataraError
from tatara.core.files import read_json, sha256_file, tree, write_json

MANIFEST = "manifest.json"


def seal(folder: Path) -> str:
    """Write ``manifest.json`` {relative path: SHA-256} over every other file of ``folder``; return its own SHA-256."""
    (folder / MANIFEST).unlink(missing_ok=True)
    write_json(folder / MANIFEST, tree(folder))
    return sha256_file(folder / MANIFEST)


def verify_seal(folder: Path, expected: str | None = None, beside: tuple[str, ...] = ()) -> None:
    """Hold ``folder`` to its manifest, and the manifest to its ``expected`` SHA-256 where one is known.

    ``beside`` names files that a store adds to the folder after it was sealed.

    Raises:
        TataraError: no readable manifest.
        RefusedError: a file was changed, added or removed; the message names it.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise TataraError(f"{manifest}: missing; package the model again")
    if expected is not None and (found := sha256_file(manifest)) != expected:
        raise RefusedError(
            f"{manifest} was changed: SHA-256 {found[:12]}, not {expected[:12]}; package the model again"
        )
    try:
        sealed: dict[str, str] = dict(read_json(manifest))
    except ValueError:
        raise TataraError(f"{manifest}: not readable as JSON; package the model again") from None
    present = {path: value for path, value in tree(folder).items() if path not in (MANIFEST, *beside)}
    for path in sorted(sealed.keys() | present.keys()):
        if sealed.get(path) != present.get(path):
            how = "is missing" if path not in present else "was added" if path not in sealed else "was changed"
            raise RefusedError(f"{folder / path} {how} since the model was packaged; package the model again")
