"""Answers of one classification model, or of two to the same examples, from the tables that runs keep."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.classification import BINS, SMALLEST
from pipelines.metrics.hierarchy import lca_height
from pipelines.metrics.judged import Judged, mean_gap, mean_of
from tatara.core.statistics import Weighted

if TYPE_CHECKING:
    import pandas

Hierarchy = Mapping[str, Sequence[str]] | None


def judged(
    new: "pandas.DataFrame", old: "pandas.DataFrame | None", labels: Sequence[str], hierarchy: Hierarchy
) -> tuple[Judged, Judged | None]:
    """The challenger's and the champion's answers to the examples (digests) in both tables, in order of digest.

    Metrics: ``accuracy``, ``log_loss``, ``calibration_error``, and with a hierarchy ``mistake_severity``. Parts: every
    class.

    Args:
        new, old: as `pipelines.tasks.classification.evaluation.predictions` makes them; the labels are those of
            ``new``. No ``old``, no champion.
        labels: of the challenger.
        hierarchy: of the dataset's labels.
    """
    new = new.drop_duplicates("digest").set_index("digest", drop=False).sort_index()
    if old is None:
        return _one(new, labels, hierarchy), None
    old = old.drop_duplicates("digest").set_index("digest", drop=False)
    new = new[new["digest"].isin(old["digest"])]
    old = old.loc[new["digest"]].assign(label=new["label"])
    return _one(new, labels, hierarchy), _one(old, labels, hierarchy)


def _one(table: "pandas.DataFrame", labels: Sequence[str], hierarchy: Hierarchy) -> Judged:
    truth, predicted = table["label"].to_numpy(object), table["predicted"].to_numpy(object)
    right = np.asarray(truth == predicted, bool)
    own, score = _own(table, truth), table["score"].to_numpy(np.float64)
    bins = np.eye(BINS)[np.minimum((score * BINS).astype(int), BINS - 1)]
    metrics: dict[str, Weighted] = {
        "accuracy": mean_of(right.astype(np.float64)),
        "log_loss": mean_of(-np.log(np.clip(own, SMALLEST, 1.0))),
        "calibration_error": mean_gap(bins * (score - right)[:, None], np.ones(len(table))),
    }
    if hierarchy is not None:
        known = sorted({*labels, *truth, *predicted} & set(hierarchy))
        place, heights = {label: at for at, label in enumerate(known)}, lca_height(known, hierarchy)
        pairs = zip(truth, predicted, strict=True)
        off = np.array([heights[place[a], place[b]] if {a, b} <= set(place) else heights.max() for a, b in pairs])
        metrics["mistake_severity"] = mean_of(off, (~right).astype(np.float64))
    whole = Judged(
        list(table["path"]), list(table["digest"]), metrics, {}, np.ones(len(table), np.int64), own, right
    )  # fmt: skip
    parts = {("label", label): whole.part("accuracy", truth == label) for label in labels}
    return Judged(whole.paths, whole.digests, metrics, parts, whole.decisions, own, right)


def _own(table: "pandas.DataFrame", truth: NDArray[np.object_]) -> NDArray[np.float64]:
    """Probability that was given to the true class; 0 where the model does not know it."""
    found = np.zeros(len(table))
    for label in set(truth):
        if (column := f"p_{label}") in table:
            found[truth == label] = table[column].to_numpy(np.float64)[truth == label]
    return found
