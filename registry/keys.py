"""The registry's signing key."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tatara.core.envelope import private_key
from tatara.core.home import state_root

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def folder() -> Path:
    """Where the registry keeps what is no table: its key, heads of the log, the default channel."""
    return state_root() / "registry"


def signing_key() -> "Ed25519PrivateKey":
    """The key at ``TATARA_SIGNING_KEY``, or under the state root, where it is made on first use.

    Services trust the ``.pub`` file beside it.
    """
    given = os.environ.get("TATARA_SIGNING_KEY")
    return private_key(Path(given) if given else folder() / "signing.pem")
