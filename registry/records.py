"""What the registry says of versions: the types that `registry.review` gives to the shell, the web page and the API."""

from typing import Any, Literal

from pydantic import Field

from registry.card.records import Card as Card
from registry.evidence import Evidence
from tatara.core.contract import Strict
from tatara.core.release import Release, ReleaseRole

Role = Literal["viewer", "data_scientist", "reviewer", "operator", "admin"]
State = Literal["draft", "checked", "in_review", "approved", "rejected", "serving", "retired"]
GateResult = Literal["pass", "fail", "not_enough_data"]
Bound = Literal["model", "contract", "evidence", "policy"]
"""What an approval is given to."""
Numbers = dict[str, float | int | str | None]
"""What a line is made of, by name."""


class User(Strict):
    """A person who may act. Names are lower case, so that nobody is two."""

    name: str
    role: Role


class Act(Strict):
    """One line of the audit log.

    Attributes:
        sequence: 1, 2, 3, ... without a gap.
        at: UTC, ISO 8601.
        user: who did it, or ``policy:NAME``.
        role: of the user then; None for a policy, and for whoever ran the pipeline without being a user.
        act: such as ``approve``; see `registry.states`.
        name, version: what it was done to; None for acts on users.
        before, after: the version's state.
        detail: reason, digests and whatever else belongs to the act.
        previous: digest of the line before, empty for the first.
        digest: SHA-256 of the canonical JSON of all of the above.
    """

    sequence: int
    at: str
    user: str
    role: Role | None
    act: str
    name: str | None
    version: str | None
    before: State | None
    after: State | None
    detail: dict[str, Any]
    previous: str
    digest: str


class GateVerdict(Strict):
    """What one gate of the policy says.

    Attributes:
        gate: name in the policy.
        verdict: ``not_enough_data`` is no pass and no failure.
        blocks: whether the policy lets this verdict stop the version.
        line: one line for people.
        numbers: behind the line.
        needed: examples that would decide it, where there is not enough data and that is known.
        examples: paths to look at, worst first.
    """

    gate: str
    verdict: GateResult
    blocks: bool
    line: str
    numbers: Numbers
    needed: int | None = None
    examples: tuple[str, ...] = ()


class Judgement(Strict):
    """One check of a version: the policy's gates on one evidence.

    Attributes:
        number: of the check, over all versions.
        by: who ran it.
        forced: its author asked to go on although a gate blocks.
        policy: its name.
        asked: approvals that the policy asks for.
        signed: whether the policy asks for a signature.
        expires_days: of approvals; None where they do not expire.
        verdicts: in the policy's order.
        binds: what an approval of this check is given to -> SHA-256.
        digests: path among the run's artifacts -> SHA-256, the files behind ``model``, ``contract``, ``evidence``.
        reason: one line behind the whole.
    """

    number: int
    at: str
    by: str
    forced: bool
    policy: str
    asked: int
    signed: bool
    expires_days: int | None
    verdicts: tuple[GateVerdict, ...]
    binds: dict[Bound, str]
    digests: dict[str, str]
    reason: str

    @property
    def blocking(self) -> tuple[GateVerdict, ...]:
        """The verdicts that stop the version."""
        return tuple(verdict for verdict in self.verdicts if verdict.blocks)

    @property
    def overruled(self) -> bool:
        """Whether its author went on although a gate blocks."""
        return self.forced and bool(self.blocking)

    @property
    def needed(self) -> int:
        """Approvals that it takes: the policy's, and one more (two at most) where a blocking gate was overruled."""
        return min(2, self.asked + 1) if self.asked and self.overruled else self.asked


class Approval(Strict):
    """A decision, bound to the digests of what it approves.

    Attributes:
        act, digest: its sequence and digest in the audit log.
        role: of the reviewer then; None for a policy.
        expires: UTC, ISO 8601; None where it does not.
        automatic: a policy gave it.
        binds: what was approved -> SHA-256.
        void: why it does not count any more, None while it does.
    """

    act: int
    digest: str
    by: str
    role: Role | None
    at: str
    expires: str | None
    reason: str
    automatic: bool
    binds: dict[Bound, str]
    void: str | None = None


class Granted(Strict):
    """What an approved version stands on, as the lineage keeps it.

    Attributes:
        by: who approved it.
        automatic: a policy did.
        reason: the last one's.
        at: when the last one did.
        binds: what was approved -> SHA-256.
        acts: digests of the approvals in the audit log.
        digests: path among the run's artifacts -> SHA-256, the files behind ``binds``; not kept with the lineage.
        signed: the policy asks for signatures of what is packaged and promoted.
    """

    decision: Literal["approved"] = "approved"
    by: tuple[str, ...]
    automatic: bool
    policy: str
    reason: str
    at: str
    binds: dict[Bound, str]
    acts: tuple[str, ...]
    digests: dict[str, str] = Field(default_factory=dict)
    signed: bool = False


class Comment(Strict):
    """What somebody wrote about a version: a ``comment``, or the reason of another act."""

    act: str
    at: str
    user: str
    role: Role | None
    text: str


class Possible(Strict):
    """An act that the version's state allows: ``refused`` says why this user cannot do it, None where he can."""

    act: str
    refused: str | None


class Answer(Strict):
    """Should this serve? ``line`` says it in words."""

    serve: Literal["yes", "no", "not_yet"]
    line: str


class Summary(Strict):
    """A version in a list.

    Attributes:
        author: of the run.
        roles: that it serves in.
        champion: the version that it was compared with, None where there was none.
        passed, failed, undecided: gates by verdict.
        approvals, needed: valid or not looked at again yet, and how many it takes.
        since: when it came into its state.
        waits_for_me: whether the user who asked can bring it on.
    """

    name: str
    version: str
    state: State
    author: str
    run_id: str
    kind: str
    roles: tuple[ReleaseRole, ...]
    champion: str | None
    passed: int
    failed: int
    undecided: int
    approvals: int
    needed: int
    since: str
    answer: Answer
    waits_for_me: bool = False


class Record(Strict):
    """Everything that a page shows of a version, newest first where there are several."""

    summary: Summary
    judgement: Judgement | None
    evidence: Evidence | None
    approvals: tuple[Approval, ...]
    comments: tuple[Comment, ...]
    acts: tuple[Act, ...]
    releases: tuple[Release, ...]
    possible: tuple[Possible, ...]


class History(Strict):
    """All versions of a model, its releases and its acts, newest first."""

    name: str
    champion: str | None
    canary: str | None
    versions: tuple[Summary, ...]
    releases: tuple[Release, ...]
    acts: tuple[Act, ...]


class Moved(Strict):
    """An alias, or a published record, that is not what the registry decided.

    Attributes:
        what: ``alias`` or ``channel``.
        should, found: versions; None for none.
        mended: put back.
    """

    name: str
    role: ReleaseRole
    what: Literal["alias", "channel"]
    should: str | None
    found: str | None
    mended: bool

    @property
    def line(self) -> str:
        """For people."""
        where = f"{self.name}@{self.role}" if self.what == "alias" else f"the channel's {self.role} of {self.name}"
        done = "put back" if self.mended else "`tatara review reconcile fix=true` puts it back"
        return f"{where} is {self.found or 'nothing'}, the registry decided {self.should or 'nothing'}; {done}"
