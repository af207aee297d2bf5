"""Signatures with model-signing (the OpenSSF's library) and keys of one's own; `tatara.core.signature` verifies them.

Certificates and keyless signing are model-signing's too: see docs/signing.md.
"""

import os
from pathlib import Path

from tatara.core.errors import TataraError, UsageError
from tatara.core.files import write_bytes
from tatara.core.home import state_root
from tatara.core.signature import digests, required_key, signature_of

PRIVATE, PUBLIC = "package.key", "package.pub"


def private_key(given: Path | None = None) -> Path:
    """The private key: the one that is ``given``, or the one under the state root."""
    return given or state_root() / "keys" / PRIVATE


def public_key(given: Path | None = None) -> Path:
    """The public key: the one that is ``given``, ``TATARA_PUBLIC_KEY``, or the one under the state root."""
    return given or required_key() or state_root() / "keys" / PUBLIC


def make_keys(private: Path | None = None) -> tuple[Path, Path]:
    """Make a key pair on P-256: the private key readable by its owner alone, the public one beside it as ``.pub``.

    Raises:
        UsageError: one of the files is there already; a key is never overwritten.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    path = private_key(private)
    public = path.with_suffix(".pub")
    if there := [str(file) for file in (path, public) if file.exists() or file.is_symlink()]:
        raise UsageError(f"{there[0]} is there already, and a key is never overwritten; give another name as key=FILE")
    key = ec.generate_private_key(ec.SECP256R1())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    pem, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    write_bytes(public, key.public_key().public_bytes(pem, form))
    return path, public


def sign(path: Path, key: Path, signature: Path | None = None) -> Path:
    """Sign a file, or a folder to its last file, hidden and git's own ones too.

    Args:
        path: file or folder.
        key: PEM file with a private key on P-256, P-384 or P-521, readable by its owner alone.
        signature: file to write; `signature_of` the path by default.

    Raises:
        TataraError: model-signing is not installed, or the key cannot be used.
        RefusedError: a symbolic link, a device, or an empty folder, which no list of files can speak of.
    """
    _examine(key)
    digests(path)
    try:
        from model_signing import hashing, signing
    except ImportError as error:
        raise TataraError(f"signing needs model-signing ({error}); run: pip install -e '.[sign]'") from None
    everything = hashing.Config().set_ignored_paths(paths=(), ignore_git_paths=False)  # type: ignore[no-untyped-call]
    target = signature or signature_of(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        configured = signing.Config().set_hashing_config(everything)  # type: ignore[no-untyped-call]
        configured.use_elliptic_key_signer(private_key=key).sign(path, temporary)
        write_bytes(target, temporary.read_bytes())
    except (ValueError, TypeError, AttributeError, UnicodeError) as error:
        reason = str(error).splitlines()[0]
        raise TataraError(f"{path} cannot be signed with {key} ({reason}); `tatara sign keys` makes a pair") from None
    finally:
        temporary.unlink(missing_ok=True)
    return target


def _examine(key: Path) -> None:
    if not key.is_file():
        raise TataraError(f"{key}: no private key there; `tatara sign keys` makes a pair, or give key=FILE")
    if key.stat().st_mode & 0o077:
        raise TataraError(f"{key}: others may read this private key; run: chmod 600 {key}")
