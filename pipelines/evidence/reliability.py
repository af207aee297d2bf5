"""Metrics of which less is better, told with both models' intervals: calibration, and how bad mistakes are."""

import numpy as np

from pipelines.evidence.resampling import apart, sampled, weightings
from pipelines.metrics.judged import Judged
from registry.evidence import Figure

CALIBRATION, SEVERITY = "calibration_error", "mistake_severity"


def reliability(name: str, challenger: Judged, champion: Judged | None, seed: int) -> Figure | None:
    """A metric of both by paired bootstrap; None where the challenger has none, as severity without a mistake.

    The expected calibration error is higher on resamples than on the examples; that bias is taken out of every
    interval, and is that of both in the difference.
    """
    if name not in challenger.metrics:
        return None
    weights = weightings(len(challenger.digests), seed)
    mine = sampled(challenger.metrics[name], weights)
    if np.isnan(mine.value):
        return None
    other = None if champion is None or name not in champion.metrics else sampled(champion.metrics[name], weights)
    if champion is None or other is None or np.isnan(other.value):
        return Figure(name=name, higher_is_better=False, challenger=mine.interval(0.0), champion=None, difference=None)
    difference = apart(challenger.metrics[name], champion.metrics[name], weights).interval()
    return Figure(
        name=name, higher_is_better=False, challenger=mine.interval(0.0), champion=other.interval(0.0),
        difference=difference,
    )  # fmt: skip
