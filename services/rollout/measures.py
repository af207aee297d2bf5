"""What a candidate is measured by, each measure a sequential test of a loss and one of there being none."""

from dataclasses import dataclass
from typing import Any, Literal

from services.rollout.records import MeasureState
from tatara.core.sequential import AboveBound

ALPHA = 0.05
"""A candidate that is no worse is rolled back at most this often, whatever the number of looks."""
SLOWER, LEAST_SECONDS = 1.25, 0.002
"""Times as long, and by how much longer, an answer has to take to count as slower."""


@dataclass(frozen=True)
class Verdict:
    """What the measures say now.

    Attributes:
        decision: ``worse`` and ``not_worse`` are final; until then it is ``undecided``.
        reason: one line.
    """

    decision: Literal["worse", "not_worse", "undecided"]
    reason: str


class Measure:
    """By how much the candidate is worse, observation by observation.

    Args:
        name: of it.
        says: what its mean is, in words with places for it and for the number of observations.
        bound: of the mean of what is observed; above it the candidate is worse.
        margin: of the mean; below it the candidate is not worse.
        low: the least that is observed; the most is 1.
    """

    def __init__(self, name: str, says: str, bound: float, margin: float, low: float) -> None:
        self.name, self._says, self.margin = name, says, margin
        self._worse, self._fine = AboveBound(bound, low, 1.0), AboveBound(-margin, -1.0, -low)

    def observe(self, *worse: float) -> None:
        """Take in by how much the candidate was worse, example by example."""
        self._worse.observe(worse)
        self._fine.observe([-one for one in worse])

    @property
    def state(self) -> MeasureState:
        """What `restore` takes."""
        return MeasureState(worse=self._worse.state, fine=self._fine.state)

    def restore(self, state: MeasureState) -> None:
        """Go on with what was observed before.

        Raises:
            ValueError: it was made by other stakes.
        """
        self._worse.restore(state.worse)
        self._fine.restore(state.fine)

    @property
    def observations(self) -> int:
        """Examples so far."""
        return self._worse.observations

    @property
    def worse(self) -> float:
        """P-value of its being no worse."""
        return self._worse.p_value

    @property
    def fine(self) -> float:
        """P-value of its being worse by the margin."""
        return self._fine.p_value

    @property
    def line(self) -> str:
        """In words."""
        return self._says.format(self._worse.mean, self.observations)

    def report(self) -> dict[str, Any]:
        """For programs."""
        return {
            "observations": self.observations, "mean": self._worse.mean, "margin": self.margin, "line": self.line,
            "p_worse": self.worse, "p_not_worse": self.fine,
        }  # fmt: skip


def all_measures(least_agreement: float) -> dict[str, Measure]:
    """By name, in the order in which they are told."""
    most = 1 - least_agreement
    found = (
        Measure("failures", "fails on {:.1%} more of {}", 0.0, 0.02, -1.0),
        Measure("agreement", "answers otherwise on {:.1%} of {}", most, max(most, 1e-3), 0.0),
        Measure("latency", f"is {SLOWER:g} times slower on {{:.1%}} more than faster, of {{}}", 0.0, 0.2, -1.0),
        Measure("quality", "is right on {:.1%} less of {} labelled", 0.0, 0.02, -1.0),
    )
    return {one.name: one for one in found}


def judged(measures: dict[str, Measure]) -> Verdict:
    """What they say together.

    Worse: by one of them, at `ALPHA` shared among them (Bonferroni). Not worse: by all of which there are observations,
    each at `ALPHA`, since a candidate that is worse has to get past every one.
    """
    for one in measures.values():
        if one.worse <= ALPHA / len(measures):
            return Verdict("worse", f"{one.name}: it {one.line} (p {one.worse:.2g}, level {ALPHA / len(measures):g})")
    open_ones = [one for name, one in measures.items() if one.fine > ALPHA and (one.observations or name != "quality")]
    if open_ones:
        said = "; ".join(f"{one.name} {one.observations} asked" for one in open_ones)
        return Verdict("undecided", f"not enough is known of {said}")
    said = "; ".join(f"it {one.line}" for one in measures.values() if one.observations)
    return Verdict("not_worse", f"within every margin: {said}")
