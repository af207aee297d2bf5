"""Signed JSON: DSSE envelopes (github.com/secure-systems-lab/dsse) with Ed25519 signatures (RFC 8032)."""

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tatara.core.contract import Strict
from tatara.core.errors import RefusedError, TataraError
from tatara.core.files import canonical_json, sha256_bytes, write_bytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Payload = TypeVar("Payload", bound=Strict)


class Signature(Strict):
    """``keyid`` is the SHA-256 of the raw public key, ``sig`` base64."""

    keyid: str
    sig: str


class Envelope(Strict):
    """A payload (base64 of canonical JSON), what it is, and who signed it. Field names are DSSE's."""

    payloadType: str  # noqa: N815
    payload: str
    signatures: tuple[Signature, ...]


def seal(payload: Strict, kind: str, key: "Ed25519PrivateKey") -> Envelope:
    """``payload`` signed as a ``kind`` of record, such as ``release``, or as a media type."""
    body = canonical_json(payload.model_dump(mode="json", by_alias=True)).encode()
    signature = key.sign(pre_authentication(_type(kind), body))
    return Envelope(
        payloadType=_type(kind),
        payload=base64.b64encode(body).decode(),
        signatures=(Signature(keyid=key_id(key.public_key()), sig=base64.b64encode(signature).decode()),),
    )


def opened(content: bytes | str, kind: str, schema: type[Payload], key: "Ed25519PublicKey") -> Payload:
    """The payload of an envelope that ``key`` signed.

    Raises:
        RefusedError: no envelope, of another kind, signed by another key, or changed since.
    """
    from cryptography.exceptions import InvalidSignature

    try:
        envelope = Envelope.model_validate_json(content)
        body = base64.b64decode(envelope.payload, validate=True)
        signed = {one.keyid: base64.b64decode(one.sig, validate=True) for one in envelope.signatures}
        if envelope.payloadType != _type(kind):
            raise RefusedError(f"the signed record is a {envelope.payloadType}, not a {_type(kind)}")
        if key_id(key) not in signed:
            raise RefusedError(f"the {kind} is signed by another key than {key_id(key)[:12]}; is it this registry's?")
        key.verify(signed[key_id(key)], pre_authentication(envelope.payloadType, body))
        return schema.model_validate_json(body)
    except InvalidSignature:
        raise RefusedError(f"the signature of the {kind} does not hold: it was changed after it was signed") from None
    except ValueError as error:
        raise RefusedError(f"not a signed {kind} ({str(error).splitlines()[0]})") from None


def key_id(key: "Ed25519PublicKey") -> str:
    """SHA-256 of the raw public key."""
    return sha256_bytes(key.public_bytes_raw())


def private_key(path: Path) -> "Ed25519PrivateKey":
    """The key at ``path`` (PEM), made with mode 0600 where there is none, its public half beside it as ``.pub``.

    Raises:
        TataraError: unreadable, not an Ed25519 key, or readable by others.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise TataraError(f"{path}: others may read this private key; chmod 600 it, or make a new one")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, OSError) as error:
        raise TataraError(f"{path}: no private key ({str(error).splitlines()[0]})") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise TataraError(f"{path}: not an Ed25519 key")
    return key


def public_key(path: Path) -> "Ed25519PublicKey":
    """The public key at ``path`` (PEM).

    Raises:
        TataraError: unreadable, or not an Ed25519 key.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (ValueError, OSError) as error:
        raise TataraError(f"{path}: no public key ({str(error).splitlines()[0]})") from None
    if not isinstance(key, Ed25519PublicKey):
        raise TataraError(f"{path}: not an Ed25519 key")
    return key


def _make(path: Path) -> None:
    """A new pair; of two that make one at once the first wins."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    write_bytes(path.with_suffix(".pub"), public)


def _type(kind: str) -> str:
    """Of our own records; what others read too has a media type of its own."""
    return kind if "/" in kind else f"application/vnd.tatara.{kind}+json"


def pre_authentication(kind: str, body: bytes) -> bytes:
    """DSSE's pre-authentication encoding, version 1."""
    return b"DSSEv1 %d %b %d %b" % (len(kind.encode()), kind.encode(), len(body), body)
