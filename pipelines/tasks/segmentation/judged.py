"""Answers of one segmentation model, or of two to the same images, from the tables that runs keep."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics import segmentation as metrics
from pipelines.metrics.judged import Judged, Part, mean_gap, mean_of
from pipelines.tasks.segmentation.evaluation import tabled
from tatara.core.statistics import Weighted

if TYPE_CHECKING:
    import pandas

Floats = NDArray[np.float64]


def judged(
    new: "pandas.DataFrame", old: "pandas.DataFrame | None", labels: Sequence[str],
    hierarchy: Mapping[str, Sequence[str]] | None,
) -> tuple[Judged, Judged | None]:  # fmt: skip
    """The challenger's and the champion's answers to the images (digests) in both tables, in order of digest.

    Metrics: ``miou``, ``pixel_accuracy``, and ``calibration_error`` where the table has what it needs, as those of
    earlier versions have not. Parts: every class.

    Args:
        new, old: as `pipelines.tasks.segmentation.evaluation.predictions` makes them. No ``old``, no champion.
        labels: of the challenger.
        hierarchy: makes no difference here.
    """
    frames = [new] if old is None else [new, old]
    both = sorted(set.intersection(*(set(frame["digest"]) for frame in frames)))
    named = {label for frame in frames for column in ("truth", "predicted") for label in frame[column]}
    every = [*labels, *sorted(named - set(labels))]
    challenger, *champion = (_one(frame, both, every) for frame in frames)
    return challenger, champion[0] if champion else None


def _one(frame: "pandas.DataFrame", digests: Sequence[str], labels: Sequence[str]) -> Judged:
    counts = tabled(frame, digests, labels)
    hits = np.diagonal(counts, axis1=1, axis2=2).astype(np.float64)
    marked, answered = (counts.sum(axis=axis).astype(np.float64) for axis in (2, 1))
    union = marked + answered - hits
    iou = np.divide(hits, union, out=np.full_like(hits, np.nan), where=union > 0)
    found: dict[str, Weighted] = {
        "miou": lambda weights: metrics.miou(counts, weights)[:, None],
        "pixel_accuracy": mean_of(hits.sum(axis=1), marked.sum(axis=1)),
    }
    by_digest = frame.drop_duplicates("digest").set_index("digest")
    if "calibration" in frame and len(digests):
        bins = np.stack(by_digest["calibration"].loc[list(digests)].to_list()).reshape(len(digests), metrics.BINS, 3)
        found["calibration_error"] = mean_gap(bins[..., 2] - bins[..., 1], bins[..., 0].sum(axis=1))
    parts = {
        ("label", label): Part(
            mean_of(hits[:, at], union[:, at]), marked[:, at] > 0, int((marked[:, at] > 0).sum()),
            np.nan_to_num(iou[:, at], nan=1.0),
        )
        for at, label in enumerate(labels)
    }  # fmt: skip
    quality = np.nansum(iou, axis=1) / np.maximum((union > 0).sum(axis=1), 1)
    paths = list(by_digest["path"].loc[list(digests)])
    return Judged(paths, list(digests), found, parts, (marked > 0).sum(axis=1), quality)
