"""What a deployment's files hold."""

from typing import Any, Literal

from pydantic import Field

from tatara.core.contract import Strict
from tatara.core.release import ReleaseRole
from tatara.core.sequential import State

MOST_SHARE = 0.5
"""Of the requests that a canary answers."""


class Pinned(Strict):
    """A version that serves whatever the channel says, until it is unpinned."""

    version: str
    at: str
    by: str
    reason: str


class Desired(Strict):
    """What the operators want; the verbs write it, the server only reads it.

    Attributes:
        name: registered name.
        channel: folder that the registry publishes to.
        pinned: serve this version; None follows the channel's champion.
        canary: share of the requests that the channel's canary answers, None where it answers none.
        shadow: ask the channel's canary too, without ever answering by it.
        least_agreement: a trial ends where the two versions are shown to agree less than this.
        ended: sequence of the canary's release whose trial an operator ended.
    """

    schema_version: Literal[1] = 1
    name: str
    channel: str
    pinned: Pinned | None = None
    canary: float | None = Field(default=None, gt=0, le=MOST_SHARE)
    shadow: bool = False
    least_agreement: float = Field(default=0.8, gt=0, lt=1)
    ended: int | None = None


class Copy(Strict):
    """A verified copy of a version's model folder.

    Attributes:
        version: of the registry.
        sequence: of the release record that named it.
        folder: relative to the deployment's.
        manifest: SHA-256 of the model's manifest.
        gpu: the package demands a GPU.
        bento, place: tag and folder of the Bento, whose code a server runs that starts with it.
    """

    version: str
    sequence: int
    folder: str
    manifest: str
    gpu: bool
    bento: str
    place: str


class Refusal(Strict):
    """A version that was not taken; the one before serves on.

    Attributes:
        role: that the channel gave it, or ``pinned``.
        version: None where the record could not be read.
    """

    role: ReleaseRole | Literal["pinned", "desired"]
    version: str | None
    reason: str
    at: str


class Status(Strict):
    """What the server does; the server writes it, everybody else only reads it.

    Attributes:
        pid: of the process that answers.
        at: when this was written, UTC, ISO 8601.
        serving: answers, since ``since``.
        previous: answered before, and is still loaded.
        pinned: see `Desired`.
        candidate: canary or shadow.
        trial: what is known of the candidate, see `services.rollout.trial`.
        refusals: of what the channel names now, by role.
        sequences: newest record that was accepted, by role; a smaller one is a replay.
        withdrawn: sequence of the canary's release that a trial took out, and why.
    """

    name: str
    pid: int
    at: str
    serving: Copy
    since: str
    previous: Copy | None = None
    pinned: Pinned | None = None
    candidate: Copy | None = None
    trial: dict[str, Any] | None = None
    refusals: tuple[Refusal, ...] = ()
    sequences: dict[ReleaseRole, int] = Field(default_factory=dict)
    withdrawn: tuple[int, str] | None = None


class MeasureState(Strict):
    """What one measure of a trial has come to: the test of its being worse, and the one of its being fine."""

    worse: State
    fine: State


class Tried(Strict):
    """What a trial has come to, from which a server that starts anew goes on.

    Attributes:
        stable, candidate: SHA-256 of the two models' manifests.
        sequence: of the candidate's release.
        least_agreement: that it was held to, see `Desired`.
        measures: by name.
    """

    stable: str
    candidate: str
    sequence: int
    least_agreement: float
    measures: dict[str, MeasureState]


class Event(Strict):
    """One line of a deployment's history.

    Attributes:
        at: UTC, ISO 8601.
        event: what happened.
        version: that it happened to; None where that is not known.
        before: that answered until then, of a swap.
        seconds: that it took.
        by: who published the record, or wanted it; ``server`` where the server decided.
        reason: in one line.
    """

    at: str
    event: Literal["deployed", "swapped", "rolled back", "refused", "canary", "shadow", "ready", "withdrawn", "ended"]
    version: str | None
    before: str | None = None
    seconds: float | None = None
    by: str
    reason: str
