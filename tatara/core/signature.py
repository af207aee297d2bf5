"""Signatures that model-signing wrote, verified with `cryptography` alone, so that a service can do it.

The file is a Sigstore bundle (docs.sigstore.dev/about/bundle): a DSSE envelope
(github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md) around an in-toto statement
(github.com/in-toto/attestation/tree/main/spec/v1) whose predicate lists the digest of every file. It lies beside what
it signs, ``NAME.sig`` beside ``NAME``.

Stricter than model-signing: nothing may be ignored, no symbolic link is followed, and a folder without a signed file
in it was added.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tatara.core.envelope import pre_authentication
from tatara.core.errors import RefusedError, TataraError
from tatara.core.files import sha256_file
from tatara.core.manifest import first_difference

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

ENDING = ".sig"
PUBLIC_KEY = "TATARA_PUBLIC_KEY"
"""Environment variable: a file with the public key that everything served must be signed with."""
ITSELF = "."
"""How a manifest names the one file that it is of."""
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"
CURVES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}


def required_key() -> Path | None:
    """The public key of ``TATARA_PUBLIC_KEY``, None where it is not set."""
    given = os.environ.get(PUBLIC_KEY)
    return Path(given) if given else None


def key_for(release: Mapping[str, Any]) -> Path | None:
    """The public key that a packaged model must be signed with, None where nobody asks.

    Args:
        release: its ``release.json``, which says ``signed`` where the policy that approved it asks for a signature.

    Raises:
        RefusedError: the policy asks, and no key is named.
    """
    key = required_key()
    if key is None and release.get("signed"):
        raise RefusedError(
            f"the policy of {release.get('name')}/{release.get('version')} asks for a signature; name the public key: "
            f"{PUBLIC_KEY}=package.pub"
        )
    return key


def signature_of(path: Path) -> Path:
    """Where the signature of a file or folder lies."""
    return path.with_name(path.name + ENDING)


def require_signed(path: Path, public_key: Path, signature: Path | None = None) -> dict[str, str]:
    """Refuse a file or folder that is not, to the last file, what was signed with the key.

    Args:
        path: file or folder.
        public_key: PEM file with a public key on P-256, P-384 or P-521.
        signature: file; `signature_of` the path by default.

    Returns:
        Relative POSIX path -> SHA-256 of what was signed; of a file alone ``.`` -> SHA-256.

    Raises:
        RefusedError: unsigned, signed with another key, or altered; the message names the file.
        TataraError: the key cannot be read.
    """
    signature = signature or signature_of(path)
    key = read_public_key(public_key)
    if not signature.is_file():
        raise RefusedError(f"{path} is not signed: no {signature.name} beside it; sign it: `tatara sign NAME/VERSION`")
    signed = _manifest(_statement(signature, key, public_key), signature)
    present = digests(path)
    if difference := first_difference(signed, present):
        where, how = difference
        named = path if where == ITSELF else path / where
        raise RefusedError(
            f"{_shown(named)} {_shown(how)} since it was signed ({signature}); put it back, or review and sign anew"
        )
    return signed


def _shown(text: object) -> str:
    """On one line, whatever a file's name holds."""
    return str(text) if str(text).isprintable() else repr(str(text))


def digests(path: Path) -> dict[str, str]:
    """Relative POSIX path -> SHA-256 of every file below a folder, hidden ones too; of a file, of itself.

    Raises:
        RefusedError: a symbolic link, a device or pipe, or an empty folder, which no list of files can speak of.
        TataraError: nothing there.
    """
    if path.is_symlink() or not (path.is_dir() or path.is_file()):
        raise TataraError(f"{path}: no file or folder there")
    if path.is_file():
        return {ITSELF: sha256_file(path)}
    return {file.relative_to(path).as_posix(): sha256_file(file) for file in sorted(_files(path))}


def _files(folder: Path) -> Iterator[Path]:
    entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    if not entries:
        raise RefusedError(f"{_shown(folder)} is an empty folder, which no signature covers; remove it")
    for entry in entries:
        if entry.is_symlink():
            raise RefusedError(
                f"{_shown(entry.path)} is a symbolic link, which no signature covers; put the file there"
            )
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        else:
            raise RefusedError(f"{_shown(entry.path)} is neither file nor folder; remove it")


def read_public_key(path: Path) -> "EllipticCurvePublicKey":
    """A PEM file with an elliptic curve's public key.

    Raises:
        TataraError: unreadable, or another kind of key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise TataraError(f"{path}: no public key ({reason}); `tatara sign keys` makes a pair") from None
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise TataraError(f"{path}: not a public key on P-256, P-384 or P-521; `tatara sign keys` makes a pair")
    return key


def key_hint(key: "EllipticCurvePublicKey") -> str:
    """SHA-256 of the key's PEM text, by which a bundle names its key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _statement(signature: Path, key: "EllipticCurvePublicKey", key_file: Path) -> Any:
    """The in-toto statement, its signature verified before it is parsed."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

    try:
        bundle = json.loads(signature.read_bytes())
        envelope = bundle["dsseEnvelope"]
        (one,) = envelope["signatures"]
        payload, raw = base64.b64decode(envelope["payload"], validate=True), base64.b64decode(one["sig"], validate=True)
        kinds, hint = (
            (bundle["mediaType"], envelope["payloadType"]),
            bundle["verificationMaterial"]["publicKey"]["hint"],
        )
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise RefusedError(f"{signature} is not a signature by a key that model-signing wrote; sign anew") from None
    if kinds != (BUNDLE, PAYLOAD):
        raise RefusedError(f"{signature} is a {kinds[0]} of {kinds[1]}, not a model signature; sign anew")
    if hint != key_hint(key):
        raise RefusedError(f"{signature} was made with another key than {key_file}; is it the right one?")
    try:
        key.verify(raw, pre_authentication(PAYLOAD, payload), ECDSA(getattr(hashes, CURVES[key.curve.name])()))
    except InvalidSignature:
        raise RefusedError(f"{signature} was changed since it was made: it does not hold for {key_file}") from None
    return json.loads(payload)


def _manifest(statement: Any, signature: Path) -> dict[str, str]:
    """Path -> SHA-256 of a verified statement; refuses what it may not leave open."""
    if (statement.get("_type"), statement.get("predicateType")) != (STATEMENT, PREDICATE):
        raise RefusedError(f"{signature} states {statement.get('predicateType')}, not {PREDICATE}; sign anew")
    how = statement["predicate"]["serialization"]
    if how.get("ignore_paths") or (how["method"], how["hash_type"], how["allow_symlinks"]) != (
        "files",
        "sha256",
        False,
    ):
        raise RefusedError(f"{signature} ignores paths, follows links or is not by SHA-256 of files; sign anew")
    found, root = {}, hashlib.sha256()
    for resource in statement["predicate"]["resources"]:
        found[resource["name"]] = resource["digest"]
        root.update(bytes.fromhex(resource["digest"]))
    (subject,) = statement["subject"]
    if root.hexdigest() != subject["digest"]["sha256"] or len(found) != len(statement["predicate"]["resources"]):
        raise RefusedError(f"{signature} contradicts itself: its files do not give its digest; sign anew")
    return found
