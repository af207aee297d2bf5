"""``sign`` and ``verify``: signatures of a version's package, evidence and approval, or of a file or folder.

A package's provenance is signed by the registry when it is made, and verified with the version, or by its own name.
"""

from pathlib import Path

from tatara.core.errors import UsageError
from tatara.verbs import Output, Request
from tatara.verbs.options import options, subject

KEYS = "keys"


def sign(request: Request, output: Output) -> int:
    """Sign a version, a file or a folder; ``sign keys`` makes the pair of keys first."""
    from registry import signed, signing

    given = options(request, key=Path)
    what = subject(request, 0, "model, file or folder")
    if what == KEYS:
        private, public = signing.make_keys(given.get("key"))
        value = {"private_key": str(private), "public_key": str(public)}
        output.give(
            value, f"private key {private} (keep it to yourself)\npublic key  {public} (give it to the services)"
        )
        return 0
    key = signing.private_key(given.get("key"))
    if (path := Path(what)).exists():
        made = {what: signing.sign(path.absolute(), key)}
    else:
        made = signed.sign_version(what, key)
    text = "\n".join(f"signed      {path}" for path in made.values())
    output.give({"signatures": {part: str(path) for part, path in made.items()}}, text)
    return 0


def verify(request: Request, output: Output) -> int:
    """Hold a version, a file or a folder to its signature; exits 3 where it does not hold."""
    from registry import signing
    from tatara.core import provenance
    from tatara.core.signature import require_signed

    given = options(request, key=Path)
    what = subject(request, 0, "model, file or folder")
    if Path(what).name == provenance.FILE:
        return _provenance(Path(what), given.get("key"), output)
    key = signing.public_key(given.get("key"))
    path = Path(what)
    files = require_signed(path.absolute(), key) if path.exists() else _version(what, key)
    output.give(
        {"verified": True, "key": str(key), "files": files}, f"verified    {len(files)} files, signed with {key}"
    )
    return 0


def _provenance(path: Path, key: Path | None, output: Output) -> int:
    from registry.provenance import verify_file

    files = verify_file(path, key)
    text = f"verified    {len(files)} files are what {path.name} states, signed with {key or 'the registry’s key'}"
    output.give({"verified": True, "key": str(key) if key else None, "files": files}, text)
    return 0


def _version(reference: str, key: Path) -> dict[str, str]:
    from registry import provenance, signed

    try:
        return provenance.verify_version(reference) | signed.verify_version(reference, key)
    except UsageError as error:
        raise UsageError(f"{error}; nor is there a file or folder {reference}") from None
