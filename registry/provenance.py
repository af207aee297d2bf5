"""The provenance of a packaged version, held to the registry's key; `tatara.core.provenance` says what it is."""

from pathlib import Path

from registry import versions
from registry.keys import verifying_key
from registry.signed import BENTO, CHAIN
from registry.store import local_artifacts
from tatara.core.envelope import public_key
from tatara.core.home import state_root
from tatara.core.lineage import read_chain
from tatara.core.provenance import FILE, verify_package


def verify_version(reference: str) -> dict[str, str]:
    """Path in the Bento store -> SHA-256 of what the version's provenance speaks of; empty where it has none, being not
    packaged, or packaged before there was any.

    Args:
        reference: as for `versions.find`.

    Raises:
        UsageError: no such version.
        RefusedError: as for `verify_package`.
    """
    found = versions.find(reference)
    if BENTO not in found.tags:
        return {}
    chain = read_chain(local_artifacts(found.run_id, f"package/{CHAIN}"))
    where = Path("models", *found.tags[BENTO].split(":"), FILE)
    if where.as_posix() not in chain.link("bento").artifacts:
        return {}
    return verify_package(state_root() / "bentoml" / where, verifying_key())


def verify_file(path: Path, key: Path | None) -> dict[str, str]:
    """`verify_package` with a key in a file, or the registry's own."""
    return verify_package(path.absolute(), verifying_key() if key is None else public_key(key))
