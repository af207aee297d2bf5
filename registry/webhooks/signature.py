"""Secrets and signatures of Standard Webhooks, version 1 (github.com/standard-webhooks/standard-webhooks).

A secret is derived from the registry's signing key and a salt, so that neither the database nor a backup of it holds
what a message could be forged with.
"""

import base64
import hashlib
import hmac

from registry.keys import signing_key
from tatara.core.files import sha256_bytes

SHOWN_AS = "whsec_"


def secret_of(salt: str) -> bytes:
    """The 32 bytes that an endpoint's messages are signed with."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derivation = HKDF(algorithm=SHA256(), length=32, salt=salt.encode(), info=b"tatara webhook secret")
    return derivation.derive(signing_key().private_bytes_raw())


def shown(secret: bytes) -> str:
    """The secret as libraries of Standard Webhooks take it."""
    return SHOWN_AS + base64.b64encode(secret).decode()


def fingerprint(secret: bytes) -> str:
    """What the database keeps, to notice another signing key."""
    return sha256_bytes(secret)


def headers(secret: bytes, message: str, seconds: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt.

    Args:
        message: the same for every attempt, so that a receiver may drop what it has had.
        seconds: since 1970; a receiver refuses what is too old.
    """
    signed = b".".join((message.encode(), str(seconds).encode(), body))
    signature = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": message, "webhook-timestamp": str(seconds), "webhook-signature": f"v1,{signature}"}
