"""The one place where it is decided whether a version may serve.

Today a policy decides, at once and without a person, and the record says so.
"""

import time
from typing import Literal

from tatara.core.contract import Strict
from tatara.core.statistics import Interval

POLICY = "demo"


class Evidence(Strict):
    """What the decision is made on.

    Attributes:
        validated: the data passed its suite.
        parity: the exported graphs gave TensorFlow's answers.
        verdict: of the paired comparison with the champion; ``first`` where there is none.
        reason: one line behind the verdict.
        forced: the user asked to register whatever the verdict.
        above_chance: by how much the model beats an answer that does not look; None where its kind has no such answer.
        warnings: what training said about a model that does not learn.
    """

    validated: bool
    parity: bool
    verdict: Literal["first", "better", "not_worse", "not_enough_data", "worse"]
    reason: str
    forced: bool
    above_chance: Interval | None = None
    warnings: tuple[str, ...] = ()

    @property
    def guesses(self) -> bool:
        """Whether the model is not shown to be better than guessing."""
        return self.above_chance is not None and self.above_chance.low <= 0


class Approval(Strict):
    """A decision, bound to the digests of what it approves."""

    decision: Literal["approved", "rejected"]
    by: str
    automatic: bool
    reason: str
    evidence: Evidence
    binds: dict[str, str]
    at: str


def decide(evidence: Evidence, binds: dict[str, str]) -> Approval:
    """The demo policy: approve what is validated, proven, better than guessing and not worse than the champion.

    Args:
        evidence: to judge.
        binds: what is approved -> SHA-256; the approval means these bytes and no others.
    """
    proven = evidence.validated and evidence.parity
    good = evidence.verdict != "worse" and not evidence.guesses
    approved = proven and (good or evidence.forced)
    return Approval(
        decision="approved" if approved else "rejected",
        by=f"policy:{POLICY}",
        automatic=True,
        reason=_reason(evidence) if proven else "the data's validation or the parity proof is missing",
        evidence=evidence,
        binds=binds,
        at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


def _reason(evidence: Evidence) -> str:
    parts = [evidence.reason]
    if evidence.above_chance is not None and evidence.guesses:
        gap = evidence.above_chance
        parts.append(
            f"it is not shown to be better than guessing ({gap.value:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]); "
            f"{'forced' if evidence.forced else 'force=true approves it all the same'}"
        )
    return "; ".join([*parts, *(f"training warned: {warning}" for warning in evidence.warnings)])
