"""Answers of one model that makes images, or of two to the same images, from the tables that runs keep."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.images import decisions
from pipelines.metrics.judged import Judged, mean_of

if TYPE_CHECKING:
    import pandas

PARTS = ("grey", "moderate", "colourful")
"""Terciles of the truths' colourfulness."""


def judged(
    new: "pandas.DataFrame", old: "pandas.DataFrame | None", labels: Sequence[str],
    hierarchy: Mapping[str, Sequence[str]] | None,
) -> tuple[Judged, Judged | None]:  # fmt: skip
    """The challenger's and the champion's answers to the images (digests) in both tables, in order of digest.

    Metrics: ``ssim``. Parts: the terciles of the truths' colourfulness, where it differs.

    Args:
        new, old: as `pipelines.tasks.image.evaluation.predictions` makes them. No ``old``, no champion.
        labels: there are none.
        hierarchy: makes no difference here.
    """
    given = [new] if old is None else [new, old]
    frames = [frame.drop_duplicates("digest").set_index("digest", drop=False) for frame in given]
    both = sorted(set.intersection(*(set(frame.index) for frame in frames)))
    colours = frames[0].loc[both, "truth_colourfulness"].to_numpy(np.float64)
    challenger, *champion = (_one(frame.loc[both], colours) for frame in frames)
    return challenger, champion[0] if champion else None


def _one(table: "pandas.DataFrame", colours: NDArray[np.float64]) -> Judged:
    quality = table["ssim"].to_numpy(np.float64)
    held = np.array([decisions(*size) for size in zip(table["height"], table["width"], strict=True)], np.int64)
    whole = Judged(list(table["path"]), list(table["digest"]), {"ssim": mean_of(quality)}, {}, held, quality)
    if len(table) < len(PARTS) or colours.min() == colours.max():
        return whole
    tercile = np.searchsorted(np.quantile(colours, [1 / 3, 2 / 3]), colours)
    parts = {("colour of the truth", name): whole.part("ssim", tercile == at) for at, name in enumerate(PARTS)}
    return Judged(whole.paths, whole.digests, whole.metrics, parts, held, quality)
