"""The one place where it is decided whether a version may serve.

Today a policy decides, at once and without a person, and the record says so.
"""

import time
from typing import Literal

from tatara.core.contract import Strict

POLICY = "demo"


class Evidence(Strict):
    """What the decision is made on.

    Attributes:
        validated: the data passed its suite.
        parity: the exported graphs gave TensorFlow's answers.
        verdict: of the paired comparison with the champion; ``first`` where there is none.
        reason: one line behind the verdict.
        forced: the user asked to register whatever the verdict.
    """

    validated: bool
    parity: bool
    verdict: Literal["first", "better", "not_worse", "not_enough_data", "worse"]
    reason: str
    forced: bool


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
    """The demo policy: approve what is validated, proven, and not shown to be worse than the champion.

    Args:
        evidence: to judge.
        binds: what is approved -> SHA-256; the approval means these bytes and no others.
    """
    proven = evidence.validated and evidence.parity
    approved = proven and (evidence.verdict != "worse" or evidence.forced)
    return Approval(
        decision="approved" if approved else "rejected",
        by=f"policy:{POLICY}",
        automatic=True,
        reason=evidence.reason if proven else "the data's validation or the parity proof is missing",
        evidence=evidence,
        binds=binds,
        at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )
