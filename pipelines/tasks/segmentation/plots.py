"""The pictures of a segmenter's evaluation: confusion, IoU by class, reliability, the worst images."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.drawing import BLUE, PALE, legible, picture
from pipelines.metrics.matrix import draw_confusion
from pipelines.metrics.scores import draw_scores
from pipelines.metrics.segmentation import BINS
from pipelines.tasks.segmentation import labelled
from tatara.core.modalities import image
from tatara.core.statistics import Interval

GALLERY, SIDE = 6, 480
WRONG, IGNORED = (209, 96, 61), (150, 150, 150)


def draw_all(
    folder: Path, records: Sequence[Any], labels: Sequence[str], found: Mapping[str, Interval],
    scores: Sequence[Mapping[str, Interval]], read: Callable[[str], bytes],
) -> None:  # fmt: skip
    """Write every picture of an evaluation into ``folder``.

    Args:
        folder: for the PNG files.
        records: of the test split.
        labels: class names.
        found: the figures.
        scores: ``iou`` and ``accuracy`` by class, where they are defined.
        read: path of an image -> its file's bytes.
    """
    counts = np.sum([one.counts for one in records], axis=0)
    draw_confusion(
        folder / "confusion.png", counts, labels, "share of the true class's pixels", "shares", "shares", 0.005
    )
    draw_scores(folder / "classes.png", labels, scores, "iou", "IoU")
    draw_reliability(folder / "reliability.png", np.sum([one.calibration for one in records], axis=0), found)
    draw_worst(folder / "worst.png", records, labels, read)


def draw_reliability(path: Path, bins: NDArray[np.float64], found: Mapping[str, Interval]) -> None:
    """Share of right pixels by confidence, above the share of pixels of each confidence."""
    pixels, right, confidence = bins.T
    there, error = pixels > 0, found["calibration_error"]
    centres, width = (np.arange(BINS) + 0.5) / BINS, 0.92 / BINS
    with picture(path, 5.2, 5.8) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.bar(centres[there], right[there] / pixels[there], width, color=PALE)
        upper.plot([0, 1], [0, 1], color="#9aa0a6", linestyle="--", linewidth=1, label="calibrated")
        mean = confidence[there] / pixels[there]
        upper.plot(mean, right[there] / pixels[there], "o", color=BLUE, markersize=4, label="pixels", clip_on=False)
        upper.set(ylabel="share of right pixels", xlim=(0, 1), ylim=(0, 1.02))
        upper.set_title(f"calibration error {error.value:.3f} [{error.low:.3f}, {error.high:.3f}]")
        figure.legend(loc="outside lower center", ncols=2)
        lower.bar(centres, pixels / max(pixels.sum(), 1), width, color=BLUE)
        lower.set(xlabel="confidence (the best class's probability)", ylabel="share of pixels", ylim=(0, 1))


def draw_worst(path: Path, records: Sequence[Any], labels: Sequence[str], read: Callable[[str], bytes]) -> None:
    """The images with wrong pixels of lowest pixel accuracy: image, truth, answer, and where it is wrong.

    Where no image has any, some without.
    """
    from matplotlib.patches import Patch

    counted = [one for one in records if one.counts.sum()] or list(records)
    right = {one.path: one.counts.trace() / max(one.counts.sum(), 1) for one in counted}
    faulty = [one for one in counted if right[one.path] < 1]
    chosen = sorted(faulty, key=lambda one: right[one.path])[:GALLERY] or counted[:2]
    colours, names = labelled.palette(len(labels)), legible(labels, 18)
    seen: set[int] = set()
    heights = [min(2.65 * one.height / one.width, 5.0) + 0.3 for one in chosen]
    with picture(path, 11, sum(heights) + 1.0, labels) as figure:
        figure.suptitle(
            _which(len(chosen), len(faulty), len(records)), x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
        rows = figure.subplots(len(chosen), 4, squeeze=False, height_ratios=heights)
        for axis in rows.ravel():
            axis.set_axis_off()
        for axes, one in zip(rows, chosen, strict=False):
            truth, answer = (_small(labelled.decode(part)) for part in (one.truth, one.answer))
            seen |= set(np.unique(truth)) | set(np.unique(answer))
            ignored = truth >= len(labels)
            _row(axes, _thumbnail(read(one.path), truth.shape), truth, answer, ignored, colours)
            file = legible([PurePosixPath(one.path).name], 26)[0]
            for axis, title in zip(axes, (file, "truth", "answer", f"wrong: {1 - right[one.path]:.1%}"), strict=True):
                axis.set_title(title, fontsize=9, fontweight="normal")
        entries = [
            Patch(color=colours[value] / 255, label=names[value]) for value in sorted(seen) if value < len(labels)
        ]
        entries += [Patch(color=np.array(WRONG) / 255, label="wrong")] * bool(faulty)
        if max(seen, default=0) >= len(labels):
            entries += [Patch(color=np.array(IGNORED) / 255, label="does not count")]
        figure.legend(handles=entries, loc="outside lower center", ncols=min(7, len(entries)), fontsize=8)


def _which(shown: int, faulty: int, images: int) -> str:
    """What the gallery shows."""
    if not faulty:
        return f"No wrong pixel in {images} test images; {'one' if shown == 1 else 'some'} of them"
    if shown < faulty:
        return f"The {shown} worst of {faulty} images with wrong pixels, of {images} test images"
    which = "The one image" if faulty == 1 else f"All {faulty} images"
    return f"{which} with wrong pixels, of {images} test images"


def _row(
    axes: NDArray[Any], pixels: NDArray[np.uint8], truth: NDArray[np.uint8], answer: NDArray[np.uint8],
    ignored: NDArray[np.bool_], colours: NDArray[np.uint8],
) -> None:  # fmt: skip
    pale = (0.35 * pixels.mean(axis=2, keepdims=True) + 0.65 * 255).repeat(3, axis=2).astype(np.uint8)
    pale[truth != answer] = WRONG
    pale[ignored] = IGNORED
    for axis, shown in zip(axes, (pixels, colours[truth], colours[answer], pale), strict=True):
        axis.imshow(shown, interpolation="nearest" if max(truth.shape) < SIDE // 2 else "antialiased")


def _small(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    step = -(-max(labels.shape) // SIDE)
    return labels[step // 2 :: step, step // 2 :: step]


def _thumbnail(content: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.fromarray(image.decode(content)).resize((shape[1], shape[0]), Image.Resampling.LANCZOS))
