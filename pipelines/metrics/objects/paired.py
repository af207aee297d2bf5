"""Two detectors on the same images."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.objects import precision
from pipelines.metrics.objects.matching import THRESHOLDS, Outcomes, coco_outcomes
from pipelines.metrics.objects.scenes import Scene, scenes
from pipelines.metrics.objects.summary import marked
from tatara.core.statistics import Interval, Verdict, paired_metric_not_worse, paired_metrics_apart

if TYPE_CHECKING:
    import pandas

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ap50:
    """AP at an IoU of 0.5 of weighted images: weights (weightings, images) -> (weightings, 1)."""

    outcomes: Sequence[Outcomes]

    def __call__(self, weights: Floats) -> Floats:
        """NaN where nothing is marked."""
        if not marked(self.outcomes):
            return np.full((len(weights), 1), np.nan)
        return precision.mean_average_precision(self.outcomes, weights, precision.COCO_POINTS)[:, None]


def ap50(scenes: Sequence[Scene], labels: Sequence[str], by_mask: bool) -> Ap50:
    """AP at an IoU of 0.5 on these images."""
    outcomes = coco_outcomes(scenes, labels, by_mask, THRESHOLDS[:1])["all"] if scenes and labels else []
    return Ap50(outcomes)


def paired_ap50(new: "pandas.DataFrame", old: "pandas.DataFrame", margin: float, seed: int, by_mask: bool) -> Verdict:
    """Whether AP50 is not worse by more than ``margin``, on the images (digests) in both tables.

    The marked objects are those of ``new``; both tables are as `pipelines.metrics.objects.scenes.table` makes them.
    """
    challenger, champion, images, trials = _both(new, old, by_mask)
    return paired_metric_not_worse(challenger, champion, images, trials, margin, seed)


def ap50_apart(new: "pandas.DataFrame", old: "pandas.DataFrame", seed: int, by_mask: bool) -> Interval:
    """By how much AP50 is higher in ``new``, as in `paired_ap50`, with a 95 % interval."""
    challenger, champion, images, trials = _both(new, old, by_mask)
    return paired_metrics_apart(challenger, champion, images, trials, seed)


def above_chance(scenes: Sequence[Scene], labels: Sequence[str], seed: int) -> dict[str, Interval]:
    """``above_chance``, by how much AP50 of boxes exceeds that of the same answers, each held against the next image.

    What a model would reach that has learned where objects lie and how many there are, and does not look. Empty
    where there is only one image, or nothing is marked.
    """
    trials = sum(int((~one.truth.crowd).sum()) for one in scenes)
    if len(scenes) < 2 or not trials:
        return {}
    others = [replace(one, answer=other.answer) for one, other in zip(scenes, [*scenes[1:], scenes[0]], strict=True)]
    own, strange = (ap50(side, labels, by_mask=False) for side in (scenes, others))
    return {"above_chance": paired_metrics_apart(own, strange, len(scenes), trials, seed)}


def _both(new: "pandas.DataFrame", old: "pandas.DataFrame", by_mask: bool) -> tuple[Ap50, Ap50, int, int]:
    """Both metrics on the common images, their number and that of the marked objects."""
    both = set(new["digest"]) & set(old["digest"])
    frames = [frame[frame["digest"].isin(both)] for frame in (new, old)]
    labels = sorted({label for frame in frames for label in frame.loc[frame["what"] != "image", "label"]})
    challenger, before = (scenes(frame, labels) for frame in frames)
    champion = [replace(mine, answer=other.answer) for mine, other in zip(challenger, before, strict=True)]
    trials = sum(int((~one.truth.crowd).sum()) for one in challenger)
    return ap50(challenger, labels, by_mask), ap50(champion, labels, by_mask), len(both), trials
