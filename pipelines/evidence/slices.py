"""The primary metric on parts of the test split, so that a loss in one is seen while the mean rises."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.evidence.resampling import apart, p_of_loss, sampled, weightings, widened
from pipelines.metrics.judged import Judged, Part
from registry.evidence import SHOWN_WORST, Slice, most_harm_first
from tatara.core.hypotheses import LEVEL, accuracy_worse, examples_needed, holm
from tatara.core.statistics import Interval, paired_proportions_apart

LEAST = 5
"""Examples from which a part is a slice: of fewer, even a loss on all of them shows nothing, and every slice looked at
makes the others harder to show."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Tested:
    difference: Interval
    p_worse: float
    deviation: float
    """Of one example's part in the difference."""


def slices(
    challenger: Judged, champion: Judged, columns: Mapping[tuple[str, str], NDArray[np.bool_]], margin: float, seed: int
) -> tuple[Slice, ...]:
    """Every part of the kind's own and of ``columns`` with `LEAST` examples and more, in the order of
    `registry.evidence.most_harm_first`.

    Args:
        challenger, champion: the same examples in the same order.
        columns: (column, value) -> bool (examples,), who belongs.
        margin: what each may lose.
        seed: of the resamples.
    """
    primary = next(iter(challenger.metrics))
    parts = {key: (one, champion.parts[key]) for key, one in challenger.parts.items()}
    parts |= {key: (challenger.part(primary, who), champion.part(primary, who)) for key, who in columns.items()}
    kept = {key: pair for key, pair in parts.items() if _tells(pair[0])}
    weights = weightings(len(challenger.digests), seed)
    tested = [_tested(challenger, champion, *pair, margin, weights) for pair in kept.values()]
    corrected = holm([one.p_worse for one in tested])
    found = [
        _slice(challenger, key, pair, one, p_holm, margin, weights)
        for (key, pair), one, p_holm in zip(kept.items(), tested, corrected, strict=True)
    ]
    return most_harm_first(found, LEVEL)


def _tells(part: Part) -> bool:
    return int(part.shown.sum()) >= LEAST and part.decisions > 0


def _tested(challenger: Judged, champion: Judged, new: Part, old: Part, margin: float, weights: Floats) -> _Tested:
    """Right and wrong by Tango and the exact test, any other metric by resampling."""
    examples = int(new.shown.sum())
    if challenger.right is not None and champion.right is not None:
        mine, other = challenger.right[new.shown], champion.right[new.shown]
        won, lost = int((mine & ~other).sum()), int((other & ~mine).sum())
        gap = paired_proportions_apart(won, lost, examples)
        deviation = math.sqrt(max((won + lost) / examples - gap.value**2, 0.0))
        return _Tested(gap, accuracy_worse(won, lost, examples, margin), deviation)
    difference = apart(new.metric, old.metric, weights)
    gap = widened(difference.interval(-1.0, 1.0), new.decisions)
    return _Tested(gap, p_of_loss(difference, margin, examples), difference.deviation * math.sqrt(examples))


def _slice(
    challenger: Judged, key: tuple[str, str], pair: tuple[Part, Part], tested: _Tested, p_holm: float, margin: float,
    weights: Floats,
) -> Slice:  # fmt: skip
    new, old = pair
    examples, gap = int(new.shown.sum()), tested.difference
    undecided = gap.low <= -margin and gap.high >= 0
    needed = examples_needed(gap.value, tested.deviation, margin, new.decisions / examples) if undecided else None
    lost = new.quality - old.quality
    order = [int(at) for at in np.argsort(lost, kind="stable") if new.shown[at] and lost[at] < 0]
    values = [sampled(part.metric, weights[:1]).value for part in pair]
    return Slice(
        column=key[0],
        value=key[1],
        examples=examples,
        challenger=float(np.nan_to_num(values[0])),
        champion=float(np.nan_to_num(values[1])),
        difference=gap,
        p_worse=tested.p_worse,
        p_holm=p_holm,
        worst=tuple(challenger.paths[at] for at in order[:SHOWN_WORST]),
        needed=None if needed is None else max(needed, examples + 1),
    )
