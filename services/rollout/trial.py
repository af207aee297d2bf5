"""A candidate beside the version that serves: a canary answers a share of the requests, a shadow none."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from services.engine import Engine
from services.errors import RequestError
from services.models import Slot
from services.rollout.duel import Duel, Given, Lane, Side
from services.rollout.likeness import NEEDED, compared, likeness
from services.rollout.measures import LEAST_SECONDS, SLOWER, Verdict, all_measures, judged
from services.rollout.records import Copy, MeasureState, Tried
from tatara.core.errors import UsageError

logger = logging.getLogger("tatara.rollout")
REMEMBERED = 2_000
"""Requests whose label may still come, or whose label came first."""
Answers = Sequence[Mapping[str, Any] | None]


class Trial:
    """Which requests the candidate answers, and what both versions make of the same ones.

    Args:
        slot: of both.
        engine: the candidate.
        share: of the requests that it answers; 0 for a shadow.
        least_agreement: see `services.rollout.records.Desired`.
    """

    def __init__(self, slot: Slot, engine: Engine, share: float, least_agreement: float) -> None:
        self.engine, self.stable, self.share = engine, slot.current, share
        self._least_agreement = least_agreement
        self.measures = all_measures(least_agreement)
        self._kind = engine.runtime.contract.kind
        self._salt = engine.identity.version if engine.identity else ""
        self._lane = Lane(slot, self.stable, engine)
        self._labels: OrderedDict[str, Answers] = OrderedDict()
        self._answers: OrderedDict[str, tuple[Answers, Answers]] = OrderedDict()
        self._task = asyncio.create_task(self._run())

    def takes(self, key: str) -> bool:
        """Whether the candidate answers the requests of this key: always all of them, or none."""
        place = hashlib.sha256(f"{self._salt}\n{key}".encode()).digest()[:8]
        return int.from_bytes(place, "big") < self.share * 2**64

    def offer(self, request: str, contents: Sequence[bytes], options: Mapping[str, Any]) -> None:
        """A request that was answered, to be asked of both where there is room."""
        self._lane.offer(Given(request, contents, options))

    def label(self, request: str, truths: Answers) -> None:
        """What the answers to a request should have been.

        Args:
            request: its id.
            truths: one for each file, None where that is not known; see `likeness` for what is compared.

        Raises:
            RequestError: they cannot be compared with answers of this kind (422).
        """
        try:
            truths = self._compared(truths)
            for truth in truths:
                self._alike(truth, truth)
        except UsageError:
            raise RequestError(422, "answers", f"no truth of {self._kind}: {NEEDED[self._kind]} is needed") from None
        _remember(self._labels, request, truths)
        self._compare(request)

    def verdict(self) -> Verdict:
        """What is known now."""
        return judged(self.measures)

    def report(self) -> dict[str, Any]:
        """For status and page."""
        found = self.verdict()
        return {
            "share": self.share, "decision": found.decision, "reason": found.reason, "left_out": self._lane.left_out,
            "measures": {name: one.report() for name, one in self.measures.items()},
        }  # fmt: skip

    def tried(self, stable: Copy, candidate: Copy) -> Tried:
        """What it has come to, for `restore`."""
        return Tried(
            stable=stable.manifest, candidate=candidate.manifest, sequence=candidate.sequence,
            least_agreement=self._least_agreement, measures={name: one.state for name, one in self.measures.items()},
        )  # fmt: skip

    def restore(self, measures: Mapping[str, MeasureState]) -> None:
        """Go on with what a trial of the same two versions had come to; where other things were measured, begin anew.

        Labels of answers that the other process gave are lost.
        """
        with suppress(KeyError, ValueError):
            found = all_measures(self._least_agreement)
            for name, one in found.items():
                one.restore(measures[name])
            self.measures = found

    def close(self) -> None:
        """End the asking."""
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            try:
                self.seen(await self._lane.next())
            except Exception:
                logger.exception("a request could not be asked of both versions")

    def seen(self, duel: Duel) -> None:
        """Take in what both made of one request."""
        stable, candidate = duel.stable, duel.candidate
        self.measures["failures"].observe(float(candidate.failed) - float(stable.failed))
        answered = any(one is not None for one in (*stable.answers, *candidate.answers))
        if stable.failed or candidate.failed or not answered:
            return
        both = self._compared(stable.answers), self._compared(candidate.answers)
        for one, other in zip(*both, strict=True):
            self.measures["agreement"].observe(1.0 - self._alike(one, other))
        self.measures["latency"].observe(_slower(candidate, stable) - _slower(stable, candidate))
        _remember(self._answers, duel.given.id, both)
        self._compare(duel.given.id)

    def _compare(self, request: str) -> None:
        """Hold both to the truth, where it and their answers are known; each request counts once."""
        if request not in self._labels or request not in self._answers:
            return
        truths, both = self._labels.pop(request), self._answers.pop(request)
        for truth, one, other in zip(truths, *both, strict=False):
            if truth is not None:
                self.measures["quality"].observe(self._alike(truth, one) - self._alike(truth, other))

    def _compared(self, answers: Answers) -> Answers:
        return [None if one is None else compared(self._kind, one) for one in answers]

    def _alike(self, one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> float:
        if one is None or other is None:
            return float(one is other)
        return likeness(self._kind, one, other)


def _slower(one: Side, other: Side) -> float:
    return float(one.seconds > SLOWER * other.seconds and one.seconds > other.seconds + LEAST_SECONDS)


def _remember(kept: OrderedDict[str, Any], request: str, value: Any) -> None:
    kept[request] = value
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)
