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
    if difference := first_difference(sealed, present):
        path, how = difference
        raise RefusedError(f"{folder / path} {how} since the model was packaged; package the model again")


def first_difference(expected: dict[str, str], present: dict[str, str]) -> tuple[str, str] | None:
    """The first path at which two lists of digests differ, and how: ``was changed``, ``was added``, ``is missing``,
    or ``was renamed to ...``; None where they are the same."""
    added = {present[path]: path for path in sorted(present.keys() - expected.keys(), reverse=True)}
    for path in sorted(expected.keys() - present.keys()):
        if expected[path] in added:
            return path, f"was renamed to {added[expected[path]]}"
    for path in sorted(expected.keys() | present.keys()):
        if expected.get(path) != present.get(path):
            return path, "is missing" if path not in present else "was added" if path not in expected else "was changed"
    return None
