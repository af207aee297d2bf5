"""The pictures of a detector's evaluation: precision by recall, confusion, mistakes, sizes, reliability."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.drawing import BLUE, INK, PALE, RED, legible, picture
from pipelines.metrics.matrix import draw_confusion
from pipelines.metrics.objects import trained
from pipelines.metrics.objects.errors import Found, Mistakes
from pipelines.metrics.objects.gallery import draw_worst
from pipelines.metrics.objects.matching import Outcomes
from pipelines.metrics.objects.operating import Operating, confusion, tally
from pipelines.metrics.objects.precision import COCO_POINTS, precision_at
from pipelines.metrics.objects.scenes import Scene
from pipelines.metrics.scores import draw_scores
from tatara.core import painting
from tatara.core.contract import Contract
from tatara.core.statistics import Interval, wilson

CURVES = 10
"""Classes up to which each has its own curve and colour."""
BINS = 10


def draw_all(
    folder: Path, test: Sequence[Scene], train: Sequence[Scene], contract: Contract, outcomes: Sequence[Outcomes],
    scores: Sequence[Mapping[str, Interval]], found: Found, gains: Mapping[str, Mistakes], at: Operating,
    read: Callable[[str], bytes], by_mask: bool,
) -> None:  # fmt: skip
    """Write every picture of an evaluation into ``folder``.

    Args:
        folder: for the PNG files.
        test: answers on the test split.
        train: the marked objects of the training split.
        contract: of the model.
        outcomes: by class, at COCO's thresholds.
        scores: ``ap50`` by class, where it is defined.
        found: every answer that counts.
        gains: mistakes by kind.
        at: the score from which answers count in the confusion and the gallery.
        read: path of an image -> its file's bytes.
        by_mask: judge masks, else boxes.
    """
    labels = [*contract.labels, "background"]
    counts = confusion(test, len(contract.labels), by_mask, at.score)
    draw_curves(folder / "precision_recall.png", outcomes, contract.labels)
    title = f"marked and answered objects\nof score ≥ {at.score:.2f}"
    draw_confusion(folder / "confusion.png", counts, labels, title, "shares", "counts")
    draw_mistakes(folder / "mistakes.png", gains)
    draw_scores(folder / "classes.png", contract.labels, scores, "ap50", "AP50")
    draw_sizes(folder / "sizes.png", test, train, contract, found, at)
    draw_reliability(folder / "reliability.png", found)
    draw_worst(
        folder / "worst.png", test, contract.labels, found, tally(test, found, at.score), at.score, read, by_mask
    )


def draw_curves(path: Path, outcomes: Sequence[Outcomes], labels: Sequence[str]) -> None:
    """Precision by recall at IoU 0.5, of each class and on average, and the averages at 0.75 and 0.9."""
    there = [position for position, one in enumerate(outcomes) if one.marked.sum()]
    curves = {at: np.array([precision_at(outcomes[one], at) for one in there]) for at in (0, 5, 8)}
    order = sorted(range(len(there)), key=lambda row: -curves[0][row].mean())
    names = legible(labels, 18)
    with picture(path, 7.2, 4.8, labels) as figure:
        axis = figure.subplots()
        for row in order:
            own = len(there) <= CURVES
            colour = np.array(painting.colour(there[row])) / 255 if own else PALE
            text = f"{names[there[row]]}, AP50 {curves[0][row].mean():.3f}" if own else None
            axis.plot(COCO_POINTS, curves[0][row], color=colour, linewidth=1.3, label=text)
        for at, style, name in ((0, "-", "0.50"), (5, "--", "0.75"), (8, ":", "0.90")):
            if len(there) > 1 or (there and at):
                mean = curves[at].mean(axis=0)
                text = f"{'all classes' if len(there) > 1 else 'at'} IoU {name}, AP {mean.mean():.3f}"
                axis.plot(COCO_POINTS, mean, style, color=INK, linewidth=2, label=text)
        axis.set(xlabel="recall", ylabel="precision at that recall or above", xlim=(0, 1.01), ylim=(0, 1.02))
        axis.grid()
        axis.set_title("precision by recall at IoU 0.5")
        if there:
            figure.legend(loc="outside right upper", fontsize=8)


def draw_mistakes(path: Path, gains: Mapping[str, Mistakes]) -> None:
    """How much AP50 rises when one kind of mistake is mended, with how often it was made."""
    values = [one.ap50_gain for one in gains.values()]
    with picture(path, 6.4, 3.2) as figure:
        axis = figure.subplots()
        axis.barh(range(len(gains)), values, 0.62, color=[BLUE] * (len(gains) - 1) + [RED])
        for place, one in enumerate(gains.values()):
            text = f" {one.ap50_gain:+.3f}  ({one.count:,})"
            axis.text(max(one.ap50_gain, 0), place, text, va="center", fontsize=9)
        axis.set_yticks(range(len(gains)), list(gains))
        axis.set(ylim=(len(gains) - 0.5, -0.5), xlim=(min(0, *values), max(0.05, *values) * 1.35))
        axis.set(xlabel="AP50 gained by mending it (how many)")
        axis.grid(axis="x")
        axis.set_title("what mending each kind of mistake would bring")


def draw_sizes(
    path: Path, test: Sequence[Scene], train: Sequence[Scene], contract: Contract, found: Found, at: Operating
) -> None:
    """How large the objects are that the model learned from and that it is asked for, and which of these it finds."""
    from matplotlib.ticker import LogLocator, NullLocator

    learned, asked = trained.object_sizes(train, contract), trained.object_sizes(test, contract)
    both = np.concatenate([learned, asked])
    low, high = (both.min(), both.max()) if len(both) else (1.0, 2.0)
    edges = np.geomspace(max(low, 0.5) * 0.999, max(high, 1.0) * 1.001, 13)
    hit = _found(test, found, at)
    with picture(path, 6.4, 5.2) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True)
        for values, colour, filled, name in ((learned, "#c9d6de", True, "training"), (asked, BLUE, False, "test")):
            shares = np.histogram(values, edges)[0] / max(len(values), 1)
            upper.stairs(shares, edges, fill=filled, color=colour, linewidth=1.8, label=f"{name} ({len(values):,})")
        upper.set(ylabel="share of the objects", ylim=(0, None))
        upper.set_title("size of the objects, as the model sees them")
        figure.legend(loc="outside lower center", ncols=2)
        place = np.clip(np.digitize(asked, edges) - 1, 0, len(edges) - 2)
        for one in np.unique(place):
            share = wilson(int(hit[place == one].sum()), int((place == one).sum()))
            centre = float(np.sqrt(edges[one] * edges[one + 1]))
            lower.plot([centre] * 2, [share.low, share.high], color=BLUE, linewidth=1.5)
            lower.plot(centre, share.value, "o", color=BLUE, markersize=4)
        lower.set(ylabel=f"found, score ≥ {at.score:.2f}", ylim=(-0.02, 1.02), xscale="log")
        lower.set(xlabel=f"square root of the area, in pixels of the {contract.frame.size}-pixel input")
        lower.grid(axis="y")
        lower.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
        lower.xaxis.set_major_formatter("{x:g}")
        lower.xaxis.set_minor_locator(NullLocator())


def _found(test: Sequence[Scene], found: Found, at: Operating) -> NDArray[np.bool_]:
    """Which marked objects are found, in the order of `pipelines.metrics.objects.trained.object_sizes`."""
    hits = [np.zeros(len(one.truth), bool) for one in test]
    counted = found.hit & (found.score >= at.score)
    for image, target in zip(found.image[counted], found.target[counted], strict=True):
        hits[image][target] = True
    return np.concatenate([hit[~one.truth.crowd] for hit, one in zip(hits, test, strict=True)])


def draw_reliability(path: Path, found: Found) -> None:
    """Share of right answers by score, with Wilson's interval, above the number of answers of each score."""
    bins = np.minimum((found.score * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    centres, width = (np.arange(BINS) + 0.5) / BINS, 0.92 / BINS
    with picture(path, 5.2, 5.2) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.plot([0, 1], [0, 1], color="#9aa0a6", linestyle="--", linewidth=1)
        for one in np.flatnonzero(counts):
            share = wilson(int(found.hit[bins == one].sum()), int(counts[one]))
            upper.bar(centres[one], share.value, width, color=PALE)
            upper.plot([centres[one]] * 2, [share.low, share.high], color=BLUE, linewidth=1.5)
            upper.plot(centres[one], share.value, "o", color=BLUE, markersize=4)
        upper.set(ylabel="share of right answers, 95 %", xlim=(0, 1), ylim=(0, 1.02))
        upper.set_title("right answers by score, IoU 0.5")
        lower.bar(centres, counts, width, color=BLUE)
        for one in np.flatnonzero(counts):
            lower.annotate(f"{counts[one]:,}", (centres[one], counts[one]), ha="center", va="bottom", fontsize=7)
        lower.set(xlabel="score", ylabel="answers", yscale="symlog", ylim=(0, max(1, counts.max()) * 6))
