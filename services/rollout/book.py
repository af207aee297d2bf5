"""What a server says of a deployment: its status, and the lines that it adds to the history."""

import asyncio
import logging
import time
from typing import Literal

from services.rollout.deployment import Deployment, now
from services.rollout.records import Event, Refusal, Status, Tried
from tatara.core.release import ReleaseRole

logger = logging.getLogger("tatara.rollout")
TELL_SECONDS = 1.0
"""Between two writings of the status where only a trial's counts have changed."""
What = ReleaseRole | Literal["pinned", "desired"]
"""Of which something is refused."""


class Book:
    """Of one deployment. What cannot be written, as on a full disk, is logged, and the server serves on.

    Attributes:
        status: as it is now.
    """

    def __init__(self, deployment: Deployment, status: Status) -> None:
        self.status = status
        self._deployment = deployment
        self._told: tuple[float, Status | None] = (0.0, None)
        self._kept: tuple[float, Tried | None] = (0.0, None)

    async def refuse(self, what: What, version: str | None, reason: str) -> None:
        """Say once that something is not taken, and why."""
        if any((one.role, one.version, one.reason) == (what, version, reason) for one in self.status.refusals):
            return
        self.clear(what)
        refusal = Refusal(role=what, version=version, reason=reason, at=now())
        self.set(refusals=(*self.status.refusals, refusal))
        logger.error("%s: %s %s is refused, %s serves on: %s", self.status.name, what, version or "record",
                     self.status.serving.version, reason)  # fmt: skip
        await self.record("refused", version, "server", f"{what}: {reason}")

    def clear(self, what: What, records: bool = True) -> None:
        """Forget refusals: of versions, and of ``records`` that could not be believed until another one came."""
        kept = (one for one in self.status.refusals if one.role != what or (one.version is None and not records))
        self.set(refusals=tuple(kept))

    def set(self, **changes: object) -> None:
        """Change fields of the status."""
        self.status = self.status.model_copy(update=changes)

    async def record(
        self, event: str, version: str | None, by: str, reason: str, before: str | None = None,
        seconds: float | None = None,
    ) -> None:  # fmt: skip
        """Add a line to the history."""
        line = Event.model_validate(
            {"at": now(), "event": event, "version": version, "before": before, "seconds": seconds, "by": by,
             "reason": reason}
        )  # fmt: skip
        logger.info("%s: %s %s (%s)", self.status.name, event, version, reason)
        try:
            await asyncio.to_thread(self._deployment.append, line)
        except OSError as error:
            logger.error("%s: the history cannot be written (%s)", self.status.name, error)

    async def keep(self, tried: Tried | None) -> None:
        """Keep what a trial has come to, once in `TELL_SECONDS` where something was observed; None forgets it."""
        at, kept = self._kept
        if tried == kept or (tried is not None and time.monotonic() - at < TELL_SECONDS):
            return
        self._kept = (time.monotonic(), tried)
        try:
            await asyncio.to_thread(self._deployment.keep, tried)
        except OSError as error:
            logger.error("%s: the trial cannot be kept (%s)", self.status.name, error)

    async def tell(self) -> None:
        """Write the status where it has changed."""
        at, told = self._told
        same = told is not None and told.model_copy(update={"trial": None}) == self.status.model_copy(
            update={"trial": None}
        )
        if same and (told == self.status or time.monotonic() - at < TELL_SECONDS):
            return
        self._told = (time.monotonic(), self.status)
        try:
            await asyncio.to_thread(self._deployment.tell, self.status.model_copy(update={"at": now()}))
        except OSError as error:
            logger.error("%s: the status cannot be written (%s)", self.status.name, error)
