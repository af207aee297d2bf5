"""The release record: which version serves in which role, signed, as the registry publishes and services follow it."""

from typing import Literal
from urllib.parse import quote

from tatara.core.contract import Strict
from tatara.core.files import sha256_bytes

KIND = "release"
"""Of the signed envelope, see `tatara.core.envelope`."""
LONGEST = 100
"""Characters of a folder's name in a channel."""
ReleaseRole = Literal["champion", "canary"]


class Release(Strict):
    """What a role of a model is from now on.

    Attributes:
        sequence: grows with every release of the registry; a follower takes no smaller one than it has.
        name: registered name.
        role: that the version takes.
        version: None where the role becomes empty; then ``bento`` and ``place`` are None and ``digests`` is empty.
        digests: ``package`` (of all files of the Bento), ``model`` (of the model's files), ``contract``, ``manifest``
            (that the service is pinned to) -> SHA-256.
        bento: tag in the Bento store.
        place: where the Bento lies, a path or a URL.
        approval: digests of the audit log's acts that approved it.
        at: UTC, ISO 8601.
        by: who promoted it.
        reason: one line.
    """

    schema_version: Literal[1] = 1
    sequence: int
    name: str
    role: ReleaseRole
    version: str | None
    digests: dict[str, str]
    bento: str | None
    place: str | None
    approval: tuple[str, ...]
    at: str
    by: str
    reason: str


def place_in_channel(name: str, role: ReleaseRole) -> str:
    """Where the newest record of a role lies in a channel: ``FOLDER/ROLE.json``, relative to its root.

    See `folder_name`.
    """
    return f"{folder_name(name)}/{role}.json"


def folder_name(name: str) -> str:
    """A folder of its own for a registered name: percent-encoded; its digest where that would be long or hidden."""
    plain = quote(name, safe="")
    return plain if len(plain) <= LONGEST and not plain.startswith(".") else sha256_bytes(name.encode())
