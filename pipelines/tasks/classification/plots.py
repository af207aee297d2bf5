"""The pictures of an evaluation: confusion, reliability, worst mistakes, scores by class."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.drawing import BLUE, INK, PALE, RED, legible, picture
from pipelines.metrics.classification import BINS, Judged, by_class, confusion
from pipelines.metrics.matrix import draw_confusion
from tatara.core.statistics import Interval, wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 40
"""Classes up to which scores by class are drawn; of more, the worst."""
GALLERY, COLUMNS = 24, 6
Pictures = Callable[[int], NDArray[np.uint8]]


def draw_all(folder: Path, judged: Judged, labels: Sequence[str], pictures: Pictures, error: Interval) -> None:
    """Write every picture of an evaluation into ``folder``.

    Args:
        folder: for the PNG files.
        judged: the answers.
        labels: class names.
        pictures: position of an example -> ``uint8 (height, width, 3)``.
        error: the calibration error.
    """
    counts, normalized = confusion(judged), folder / "confusion_normalized.png"
    draw_confusion(folder / "confusion.png", counts, labels, "answers by true class, test examples", "counts", "counts")
    draw_confusion(normalized, counts, labels, "answers as share of the true class", "shares", "shares")
    draw_reliability(folder / "reliability.png", judged, error)
    draw_mistakes(folder / "mistakes.png", judged, labels, pictures)
    draw_classes(folder / "classes.png", judged, labels)


def draw_reliability(path: Path, judged: Judged, error: Interval) -> None:
    """Accuracy by confidence, with Wilson's interval, above the number of examples of each confidence."""
    bins = np.minimum((judged.score * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    there = np.flatnonzero(counts)
    shares = [wilson(int(judged.right[bins == one].sum()), int(counts[one])) for one in there]
    confidence = np.array([judged.score[bins == one].mean() for one in there])
    accuracy = np.array([share.value for share in shares])
    ends = np.abs(np.array([[share.low, share.high] for share in shares]).T - accuracy)
    centres, width = (np.arange(BINS) + 0.5) / BINS, 0.92 / BINS
    with picture(path, 5.2, 5.8) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.bar(centres[there], accuracy, width, color=PALE)
        upper.plot([0, 1], [0, 1], color="#9aa0a6", linestyle="--", linewidth=1, label="calibrated")
        upper.errorbar(
            confidence,
            accuracy,
            ends,
            fmt="o",
            color=BLUE,
            markersize=4,
            capsize=2,
            label="accuracy, 95 %",
            clip_on=False,
        )
        upper.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.02))
        upper.set_title(f"calibration error {error.value:.3f} [{error.low:.3f}, {error.high:.3f}]")
        figure.legend(loc="outside lower center", ncols=2)
        lower.bar(centres, counts, width, color=BLUE)
        for one in there:
            lower.annotate(str(counts[one]), (centres[one], counts[one]), ha="center", va="bottom", fontsize=7)
        lower.set(xlabel="confidence (the best class's probability)", ylabel="examples", yscale="symlog")
        lower.set_ylim(0, counts.max() * 4)


def draw_mistakes(path: Path, judged: Judged, labels: Sequence[str], pictures: Pictures) -> None:
    """The wrong answers of highest score in red; where they are few, the right answers of lowest score after them."""
    order = np.lexsort((np.where(judged.right, judged.score, -judged.score), judged.right))
    wrong = int((~judged.right).sum())
    chosen = order[: min(max(wrong, GALLERY // 2), GALLERY)]
    names = legible(labels, 12)
    rows = -(-len(chosen) // COLUMNS)
    with picture(path, 1.75 * COLUMNS, 2.05 * rows + 0.6, labels) as figure:
        figure.suptitle(
            f"{wrong or 'none'} of {len(order)} wrong: the surest mistakes, then the least sure right answers\n"
            "truth → answer, score", fontsize=10, x=0.01, ha="left",
        )  # fmt: skip
        axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for axis, position in zip(axes, chosen, strict=False):
            answer = names[judged.predicted[position]]
            _thumbnail(axis, pictures(position))
            axis.set_title(
                f"{names[judged.truth[position]]} → {answer}\n{judged.score[position]:.3f}", fontsize=8, loc="center",
                fontweight="normal", color=INK if judged.right[position] else RED,
            )  # fmt: skip


def _thumbnail(axis: "Axes", pixels: "NDArray[np.uint8]") -> None:
    from PIL import Image

    small = Image.fromarray(pixels)
    small.thumbnail((160, 160))
    axis.imshow(np.asarray(small), interpolation="nearest" if max(small.size) < 64 else "antialiased")


def draw_classes(path: Path, judged: Judged, labels: Sequence[str]) -> None:
    """Precision, recall and F1 of each class with their intervals, the lowest F1 at the top."""
    scores = by_class(judged)
    order = sorted(range(len(labels)), key=lambda one: scores[one]["f1"].value)[:SHOWN]
    names, support = legible(labels), np.bincount(judged.truth, minlength=len(labels))
    with picture(path, 7.5, 1.4 + 0.34 * len(order), labels) as figure:
        axis = figure.subplots()
        for shift, (name, colour) in enumerate((("precision", BLUE), ("recall", RED), ("f1", INK))):
            found = [scores[one][name] for one in order]
            values = np.array([score.value for score in found])
            ends = np.abs(np.array([[score.low, score.high] for score in found]).T - values)
            places = np.arange(len(order)) + (shift - 1) * 0.22
            axis.errorbar(values, places, xerr=ends, fmt="o", color=colour, markersize=3.5, linewidth=1.2, label=name)
        axis.set_yticks(range(len(order)), [f"{names[one]}  ({support[one]})" for one in order])
        axis.set(ylim=(len(order) - 0.5, -0.5), xlim=(None, 1.005), xlabel="score, 95 % interval")
        axis.grid(axis="x")
        shown = f"the {SHOWN} classes of lowest F1" if len(order) < len(labels) else "by class (test examples)"
        axis.set_title(shown)
        figure.legend(loc="outside lower center", ncols=3)
