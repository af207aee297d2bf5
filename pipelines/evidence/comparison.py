"""A challenger's metrics against a champion's on the same examples, and how many examples would decide."""

import math

from pipelines.evidence.resampling import Floats, apart, sampled, weightings, widened
from pipelines.metrics.judged import LOWER_IS_BETTER, Judged
from registry.evidence import Compared
from tatara.core.hypotheses import examples_needed, mcnemar
from tatara.core.statistics import Interval, Verdict, judgement

CONFIDENCE = 0.9
"""Of a verdict's two-sided interval: each side is a test at 5 %."""
UNPAIRED = frozenset({"calibration_error", "mistake_severity"})
"""Metrics that are told as figures of their own."""


def compared(challenger: Judged, champion: Judged, primary: Verdict, margin: float, seed: int) -> tuple[Compared, ...]:
    """Every metric that both have, the primary one first.

    The margin of further metrics is the same number, in their own unit.

    Args:
        challenger, champion: the same examples in the same order.
        primary: the verdict by the kind's own paired test, which was made before.
        margin: what may be lost.
        seed: of the resamples.
    """
    weights = weightings(len(challenger.digests), seed)
    found = []
    for place, name in enumerate(challenger.metrics):
        if name in UNPAIRED:
            continue
        verdict = primary if place == 0 else _verdict(name, challenger, champion, margin, weights)
        values = [sampled(one.metrics[name], weights[:1]).value for one in (challenger, champion)]
        found.append(
            Compared(
                metric=name,
                challenger=_number(values[0]),
                champion=_number(values[1]),
                verdict=verdict,
                needed=needed(name, verdict, challenger, champion, weights),
                higher_is_better=name not in LOWER_IS_BETTER,
            )
        )
    return tuple(found)


def _number(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _verdict(name: str, challenger: Judged, champion: Judged, margin: float, weights: Floats) -> Verdict:
    difference = apart(challenger.metrics[name], champion.metrics[name], weights)
    gap = difference.interval(confidence=CONFIDENCE)
    if name not in LOWER_IS_BETTER:
        gap = widened(gap, int(challenger.decisions.sum()), CONFIDENCE)
    gain = Interval(value=-gap.value, low=-gap.high, high=-gap.low) if name in LOWER_IS_BETTER else gap
    change = challenger.quality - champion.quality
    won, lost = int((change > 0).sum()), int((change < 0).sum())
    return Verdict(
        verdict=judgement(gain, margin), difference=gap, confidence=CONFIDENCE, margin=margin,
        examples=len(challenger.digests), only_challenger=won, only_champion=lost, p_value=mcnemar(won, lost),
    )  # fmt: skip


def needed(name: str, verdict: Verdict, challenger: Judged, champion: Judged, weights: Floats) -> int | None:
    """How many examples would decide, see `tatara.core.hypotheses.examples_needed`; only where there are not enough.

    Args:
        name: of the metric.
        verdict: on it.
        challenger, champion: the same examples in the same order.
        weights: `pipelines.evidence.resampling.weightings` of these.
    """
    if verdict.verdict != "not_enough_data" or not verdict.examples:
        return None
    examples, gap = verdict.examples, verdict.difference.value
    if name == "accuracy":
        discordant = (verdict.only_challenger + verdict.only_champion) / examples
        deviation, decisions = math.sqrt(max(discordant - gap**2, 0.0)), 1.0
    else:
        spread = apart(challenger.metrics[name], champion.metrics[name], weights).deviation
        deviation, decisions = spread * math.sqrt(examples), float(challenger.decisions.sum()) / examples
    gain = -gap if name in LOWER_IS_BETTER else gap
    found = examples_needed(gain, deviation, verdict.margin, decisions, exact=verdict.exact)
    return None if found is None else max(found, examples + 1)
