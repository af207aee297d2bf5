"""The registry's signing key, and its public half."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tatara.core.envelope import private_key, public_key
from tatara.core.errors import TataraError
from tatara.core.home import state_root

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def folder() -> Path:
    """Where the registry keeps what is no table: its key, heads of the log, the default channel."""
    return state_root() / "registry"


def signing_key() -> "Ed25519PrivateKey":
    """The key at ``TATARA_SIGNING_KEY``, or under the state root, where it is made on first use.

    Services trust the ``.pub`` file beside it.
    """
    return private_key(_place())


def verifying_key() -> "Ed25519PublicKey":
    """The public half of `signing_key`, of which the ``.pub`` file alone is enough; never made here.

    Raises:
        TataraError: neither file is there.
    """
    place = _place()
    if (public := place.with_suffix(".pub")).is_file():
        return public_key(public)
    if place.is_file():
        return private_key(place).public_key()
    raise TataraError(f"{public}: no public key there; give key=FILE, or name the key by TATARA_SIGNING_KEY")


def _place() -> Path:
    given = os.environ.get("TATARA_SIGNING_KEY")
    return Path(given) if given else folder() / "signing.pem"
