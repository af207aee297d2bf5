"""The newest record of a role in a channel, believed only where the registry signed it for this name, and in order."""

from pathlib import Path

from tatara.core.envelope import opened, public_key
from tatara.core.errors import RefusedError, TataraError
from tatara.core.release import KIND, Release, ReleaseRole, place_in_channel


class Followed:
    """One role of one name.

    Args:
        channel: folder that the registry publishes to.
        key: file with its public key.
        name: registered.
        role: to follow.
        sequence: of the newest record that was accepted before, 0 for none.

    Attributes:
        release: the newest record that was accepted, None before the first.
        sequence: its.
    """

    def __init__(self, channel: Path, key: Path, name: str, role: ReleaseRole, sequence: int = 0) -> None:
        if "://" in str(channel):
            raise TataraError(f"channel {channel}: a service follows a folder; mount it, nothing is fetched from a URL")
        self._path, self._key = channel / place_in_channel(name, role), key
        self.name, self.role = name, role
        self.sequence = sequence
        self._seen: bytes | None = None
        self.release: Release | None = None

    def look(self) -> bool:
        """Read the record; whether another was accepted.

        Raises:
            RefusedError: there is another record, which is not believed. It is not complained about again.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise RefusedError(f"{self._path} cannot be read ({error.strerror})") from None
        if content == self._seen:
            return False
        self._seen = content
        found = opened(content, KIND, Release, public_key(self._key))
        if (found.name, found.role) != (self.name, self.role):
            raise RefusedError(f"{self._path} is signed for the {found.role} of {found.name}, not for its place")
        if found.sequence < self.sequence:
            raise RefusedError(
                f"{self._path} is release {found.sequence}, and {self.sequence} was followed already: an old record "
                "was put back; `tatara review reconcile fix=true` mends the channel"
            )
        changed = found != self.release
        self.release, self.sequence = found, found.sequence
        return changed
