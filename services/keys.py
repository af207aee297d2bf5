"""API keys: a file with their hashes, of which several hold at the same time, so that they can be rotated."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tatara.core.errors import TataraError, UsageError
from tatara.core.files import sha256_bytes, write_text

PREFIX = "tatara"
"""How every key begins, so that scanners for lost secrets know one."""


class Key(BaseModel):
    """One key of a client.

    Attributes:
        id: that lists and logs show; the part of the key that is no secret.
        name: of whoever it was made for.
        sha256: of the whole key: 256 random bits need no salt and no slowness.
        created: when, in UTC.
        expires: from when on it is refused, or never.
        rate: requests a second in place of the service's own, or None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str = Field(min_length=1, max_length=80)
    sha256: str
    created: datetime
    expires: datetime | None = None
    rate: int | None = Field(None, ge=1)

    def holds(self, now: datetime) -> bool:
        """It has not expired."""
        return self.expires is None or now < self.expires


class KeyFile(BaseModel):
    """What the file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: tuple[Key, ...] = ()


def read_keys(path: Path) -> KeyFile:
    """Parse the file.

    Raises:
        TataraError: it is not there, or not such a file.
    """
    try:
        return KeyFile.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TataraError(f"{path}: {error.strerror}; make the first key: `tatara keys add NAME`") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TataraError(f"{path}: not a file of API keys ({where}: {first['msg']})") from None


def add_key(path: Path, name: str, days: int | None = None, rate: int | None = None) -> tuple[str, Key]:
    """Make a key and keep its hash.

    Args:
        path: of the file, which is made where there is none.
        name: of whoever it is for; several keys of one name hold at the same time.
        days: after which it is refused; never by default.
        rate: requests a second, in place of the service's own.

    Returns:
        The key, which is kept nowhere, and what is kept of it.
    """
    now = datetime.now(UTC)
    short = secrets.token_hex(4)
    key = f"{PREFIX}_{short}_{secrets.token_urlsafe(32)}"
    kept = Key(
        id=short,
        name=name,
        sha256=sha256_bytes(key.encode()),
        created=now,
        expires=None if days is None else now + timedelta(days=days),
        rate=rate,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        known = read_keys(path).keys if path.exists() else ()
        _write(path, KeyFile(keys=(*known, kept)))
    return key, kept


def revoke_key(path: Path, which: str) -> list[Key]:
    """Take away the key of an id, or every key of a name.

    Returns:
        What was taken away.

    Raises:
        UsageError: there is none.
    """
    with _alone(path):
        known = read_keys(path).keys
        gone = [key for key in known if which in (key.id, key.name)]
        if not gone:
            raise UsageError(f"no key {which[:80]!r}; `tatara keys list` shows them")
        _write(path, KeyFile(keys=tuple(key for key in known if key not in gone)))
    return gone


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two who change the file at the same time do it one after the other."""
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, file: KeyFile) -> None:
    write_text(path, file.model_dump_json(indent=1) + "\n")
    os.chmod(path, 0o600)


class Keys:
    """The file as a service sees it: read again when it changes. What cannot be read leaves the keys as they were.

    Raises:
        TataraError: the file cannot be read at the start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._stamp()
        self._by_hash = {key.sha256: key for key in read_keys(path).keys}
        self.trouble: str | None = None

    def find(self, given: str) -> Key | None:
        """The key that is held, or None where there is no such one or it has expired.

        The look-up is by hash: how long it takes says nothing about the keys that there are.
        """
        self._read_again()
        key = self._by_hash.get(sha256_bytes(given.encode(errors="replace")))
        return key if key is not None and key.holds(datetime.now(UTC)) else None

    def _read_again(self) -> None:
        if (stamp := self._stamp()) == self._seen:
            return
        self._seen = stamp
        try:
            self._by_hash = {key.sha256: key for key in read_keys(self._path).keys}
            self.trouble = None
        except TataraError as error:
            self.trouble = str(error)

    def _stamp(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_ino, found.st_size)
