"""The server follows: what is wanted and what the registry publishes is brought in beside what serves, and swapped."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, get_args

from services.engine import Engine
from services.models import Slot
from services.rollout.admission import admit
from services.rollout.book import Book, What
from services.rollout.channel import Followed
from services.rollout.copies import remove_others
from services.rollout.deployment import Deployment, now
from services.rollout.fetching import fetch
from services.rollout.records import Copy, Desired, Pinned, Status, Tried
from services.rollout.trial import Trial
from services.settings import Pin, read_settings
from tatara.core.errors import RefusedError, TataraError
from tatara.core.release import Release, ReleaseRole

logger = logging.getLogger("tatara.rollout")
POLL_SECONDS = 0.2
AGAIN_SECONDS = 30.0
"""After which a version that was refused is tried again: a store may have been away."""


class Follower:
    """Of one deployment, in the event loop of the server.

    Args:
        deployment: its folder.
        slot: that it serves in.
    """

    def __init__(self, deployment: Deployment, slot: Slot) -> None:
        status = deployment.status
        if status is None:
            raise TataraError(f"{deployment.folder}: nothing was fetched yet; run `tatara deploy`")
        fresh = {"pid": os.getpid(), "candidate": None, "trial": None, "refusals": ()}
        self._book = Book(deployment, status.model_copy(update=fresh))
        self.deployment, self.slot = deployment, slot
        self.trial: Trial | None = None
        self._engines = {status.serving.folder: slot.current}
        self._tried: dict[tuple[What, str], float] = {}
        self._desired: Desired | None = None
        self._roles: dict[ReleaseRole, Followed] = {}

    @property
    def status(self) -> Status:
        """As it is now."""
        return self._book.status

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self.turn()
            except Exception:
                logger.exception("%s could not be followed", self.status.name)
            await asyncio.sleep(POLL_SECONDS)

    async def turn(self) -> None:
        """Look once, and do what has to be done."""
        await self._look()
        if self._desired is not None:
            await self._follow(self._desired)
            await self._try(self._desired)
        await self._judge()
        await self._book.tell()

    async def _look(self) -> None:
        """Read what is wanted and what is published; what cannot be believed changes nothing."""
        try:
            self._desired = await asyncio.to_thread(lambda: self.deployment.desired)
            if not self._roles:
                self._roles = {role: self._followed(role, self._desired) for role in get_args(ReleaseRole)}
            self._book.clear("desired")
        except TataraError as error:
            await self._book.refuse("desired", None, str(error))
        for role, followed in self._roles.items():
            try:
                if await asyncio.to_thread(followed.look):
                    self._book.clear(role)
                    self._book.set(sequences={**self.status.sequences, role: followed.sequence})
            except TataraError as error:
                await self._book.refuse(role, None, str(error))

    def _followed(self, role: ReleaseRole, desired: Desired) -> Followed:
        sequence = self.status.sequences.get(role, 0)
        return Followed(Path(desired.channel), self.deployment.key, desired.name, role, sequence)

    async def _follow(self, desired: Desired) -> None:
        """Let the pinned version serve, or else the champion."""
        pinned, release = desired.pinned, self._roles["champion"].release
        self._book.set(pinned=pinned)
        if pinned is not None:
            await self._attempt("pinned", pinned.version, pinned.at, lambda: self._swap_back(pinned))
        elif release is not None:
            self._book.clear("pinned")
            await self._attempt("champion", release.version, str(release.sequence), lambda: self._swap_to(release))

    async def _swap_back(self, pinned: Pinned) -> None:
        """To a version that is kept here."""
        kept = [one for one in (self.status.serving, self.status.previous, self.status.candidate) if one is not None]
        found = next((one for one in kept if one.version == pinned.version), None)
        if found is None:
            here = ", ".join(one.version for one in kept)
            raise RefusedError(f"version {pinned.version} is not kept here; kept: {here}")
        await self._swap(found, "rolled back", pinned.by, pinned.reason)

    async def _swap_to(self, release: Release) -> None:
        if release.version is None:
            raise RefusedError(f"the registry names no champion of {release.name} any more ({release.reason})")
        if release.sequence != self.status.serving.sequence:
            found = await asyncio.to_thread(fetch, release, self.deployment.folder)
            await self._swap(found, "swapped", release.by, release.reason or f"release {release.sequence}")

    async def _swap(self, found: Copy, event: Literal["swapped", "rolled back"], by: str, reason: str) -> None:
        before, began = self.status.serving, time.monotonic()
        if found.folder == before.folder:
            self._book.set(serving=found)
            return
        engine = self._engines.get(found.folder) or await self._bring(found)
        self.slot.swap(engine)
        seconds = round(time.monotonic() - began, 3)
        self._book.set(serving=found, previous=before, since=now())
        await self._book.record(event, found.version, by, reason, before.version, seconds)
        await self._book.tell()
        await self._tidy()

    async def _bring(self, found: Copy) -> Engine:
        """Load a copy beside what serves and hold it to its golden cases.

        Raises:
            TataraError: it is not fit; nothing of it stays loaded.
        """
        pin = Pin(self.deployment.folder / found.folder, found.manifest, found.gpu)
        await asyncio.to_thread(admit, pin.folder, self.slot.current.runtime.contract)
        engine = Engine(pin, read_settings(pin))
        await engine.start()
        if engine.refusal is not None:
            engine.stop()
            raise RefusedError(engine.refusal)
        self._engines[found.folder] = engine
        return engine

    async def _try(self, desired: Desired) -> None:
        """Begin, change or end the trial of the channel's canary."""
        release, share = self._roles["canary"].release, desired.canary or 0.0
        why = self._why_no_trial(desired, release)
        if why is not None or release is None:
            self._book.clear("canary", records=False)
            await self._end(why or "there is no canary")
            return
        running = self.status.candidate if self.trial is not None else None
        if self.trial and running and running.sequence == release.sequence and self.trial.stable is self.slot.current:
            self.trial.share = share
            return
        await self._attempt("canary", release.version, str(release.sequence), lambda: self._begin(release, desired))

    def _why_no_trial(self, desired: Desired, release: Release | None) -> str | None:
        """In words; None where there is to be one."""
        withdrawn = self.status.withdrawn[0] if self.status.withdrawn else None
        if desired.canary is None and not desired.shadow:
            return "no canary and no shadow is wanted"
        if release is None or release.version is None:
            return release.reason if release else "the channel names no canary"
        if release.version == self.status.serving.version:
            return f"{release.version} became the champion"
        if release.sequence in (withdrawn, desired.ended):
            return "it was withdrawn"
        return None

    async def _begin(self, release: Release, desired: Desired) -> None:
        share, running = desired.canary or 0.0, self.status.candidate
        same = running is not None and running.sequence == release.sequence
        await self._end("another version serves: it begins anew" if same else "another takes its place")
        found = await asyncio.to_thread(fetch, release, self.deployment.folder)
        engine = self._engines.get(found.folder) or await self._bring(found)
        if engine not in self.slot.engines:
            self.slot.add(engine)
        trial = Trial(self.slot, engine, share, desired.least_agreement)
        if (kept := self._kept(found, desired)) is not None:
            trial.restore(kept.measures)
        self.trial = self.slot.tried = trial
        self._book.set(candidate=found, withdrawn=None)
        how = f"{share:.0%} of the requests" if share else "copies only"
        how += "; it goes on after a restart" if kept else ""
        await self._book.record("canary" if share else "shadow", found.version, release.by, f"{how}; {release.reason}")

    def _kept(self, found: Copy, desired: Desired) -> Tried | None:
        """What a server before this one has found out about the same two versions, by the same rule."""
        kept, stable = self.deployment.tried, self.status.serving
        known = kept and (kept.stable, kept.candidate, kept.sequence, kept.least_agreement)
        return kept if known == (stable.manifest, found.manifest, found.sequence, desired.least_agreement) else None

    async def _end(self, reason: str) -> None:
        if self.trial is None:
            return
        self.trial.close()
        version = self.status.candidate.version if self.status.candidate else None
        self.trial = self.slot.tried = None
        self._book.set(candidate=None, trial=None)
        await self._book.keep(None)
        await self._book.record("ended", version, "server", reason)
        await self._tidy()

    async def _judge(self) -> None:
        """Withdraw a candidate that is worse; say once that one is not. Only an operator makes it the champion."""
        candidate = self.status.candidate
        if self.trial is None or candidate is None:
            return
        verdict, before = self.trial.verdict(), self.status.trial
        self._book.set(trial=self.trial.report())
        await self._book.keep(self.trial.tried(self.status.serving, candidate))
        if verdict.decision == "worse":
            self._book.set(withdrawn=(candidate.sequence, verdict.reason))
            await self._book.record("withdrawn", candidate.version, "server", verdict.reason)
            await self._end("it was withdrawn")
        elif verdict.decision == "not_worse" and (before or {}).get("decision") != "not_worse":
            await self._book.record("ready", candidate.version, "server", verdict.reason)

    async def _attempt(self, what: What, version: str | None, key: str, do: Callable[[], Awaitable[None]]) -> None:
        """Do it, unless the same failed a moment ago; a failure is told in status and history, and changes nothing."""
        if time.monotonic() < self._tried.get((what, key), 0.0):
            return
        try:
            await do()
        except Exception as error:
            if not isinstance(error, TataraError | OSError):
                logger.exception("%s: %s %s cannot be taken", self.status.name, what, version)
            self._tried[what, key] = time.monotonic() + AGAIN_SECONDS
            await self._book.refuse(what, version, " ".join(str(error).split()) or type(error).__name__)
            return
        self._tried.pop((what, key), None)
        self._book.clear(what, records=False)

    async def _tidy(self) -> None:
        """Let go of what neither serves, nor served before, nor is tried."""
        kept = {one.folder for one in (self.status.serving, self.status.previous, self.status.candidate) if one}
        for folder in [one for one in self._engines if one not in kept]:
            self.slot.retire(self._engines.pop(folder))
        await asyncio.to_thread(remove_others, self.deployment.models, {Path(one).name for one in kept})
