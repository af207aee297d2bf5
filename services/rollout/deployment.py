"""A deployment's folder: what is wanted, what is, and what happened; no port and no database."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from services.rollout.records import Desired, Event, Status, Tried
from services.settings import Pin
from tatara.core.contract import Strict
from tatara.core.errors import TataraError
from tatara.core.files import sha256_bytes, write_text

Record = TypeVar("Record", bound=Strict)
VARIABLE = "TATARA_DEPLOY"
"""Environment variable of the server: deployments' folders, separated as in ``PATH``."""


class Deployment:
    """One registered name on one machine.

    Attributes:
        folder: of its files.
        models: verified copies of versions.
        key: the registry's public key, as it was when the deployment was made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models, self.key = folder / "models", folder / "channel.pub"
        self._desired, self._status, self._history = (
            folder / "desired.json",
            folder / "status.json",
            folder / "history.jsonl",
        )
        self._tried = folder / "trial.json"

    @property
    def exists(self) -> bool:
        """Whether somebody deployed it."""
        return self._desired.is_file()

    @property
    def desired(self) -> Desired:
        """What the operators want.

        Raises:
            TataraError: the file cannot be read.
        """
        return _read(self._desired, Desired)

    @property
    def status(self) -> Status | None:
        """What the server last wrote, None where none has served yet.

        Raises:
            TataraError: the file cannot be read.
        """
        return _read(self._status, Status) if self._status.is_file() else None

    def want(self, desired: Desired) -> None:
        """Tell the server."""
        write_text(self._desired, desired.model_dump_json(indent=1) + "\n")

    def tell(self, status: Status) -> None:
        """Tell everybody."""
        write_text(self._status, status.model_dump_json(indent=1) + "\n")

    @property
    def tried(self) -> Tried | None:
        """What the last trial had come to; None where there was none, or its file is of another time."""
        try:
            return _read(self._tried, Tried)
        except TataraError:
            return None

    def keep(self, tried: Tried | None) -> None:
        """Keep what a trial has come to, or forget it."""
        if tried is None:
            self._tried.unlink(missing_ok=True)
        else:
            write_text(self._tried, tried.model_dump_json() + "\n")

    def append(self, event: Event) -> None:
        """A line of the history, whole on the disk when this returns."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._history, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, event.model_dump_json().encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)

    def history(self, most: int = 200) -> list[Event]:
        """The newest lines of the history, the newest first; a line that a full disk cut short is left out."""
        if not self._history.is_file():
            return []
        found = []
        for line in reversed(self._history.read_text(encoding="utf-8").splitlines()):
            try:
                found.append(Event.model_validate_json(line))
            except ValidationError:
                continue
            if len(found) == most:
                break
        return found

    def pin(self) -> Pin:
        """What a server that starts now serves first.

        Raises:
            TataraError: nothing was fetched yet.
        """
        if (status := self.status) is None:
            raise TataraError(f"{self.folder}: nothing was fetched yet; run `tatara deploy`")
        return Pin(self.folder / status.serving.folder, status.serving.manifest, status.serving.gpu)

    @contextmanager
    def owned(self) -> Iterator[bool]:
        """Whether this process may serve it: of several, the first."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def deployments() -> list[Deployment]:
    """Those that this process serves, by `VARIABLE`."""
    return [Deployment(Path(one)) for one in os.environ.get(VARIABLE, "").split(os.pathsep) if one]


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def copy_name(version: str, manifest: str) -> str:
    """Folder of a copy: what a registry calls a version need not be a file name."""
    plain = version if version.isascii() and version.isalnum() else sha256_bytes(version.encode())[:12]
    return f"{plain}-{manifest[:12]}"


def _read(path: Path, schema: type[Record]) -> Record:
    try:
        return schema.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise TataraError(f"{path} cannot be read ({str(error).splitlines()[0]}); deploy again") from None
