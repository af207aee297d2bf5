"""The pictures of models that make images: samples, progress, and an evaluation's worst and best."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.drawing import BLUE, INK, RED, legible, picture
from tatara.core.modalities import image
from tatara.core.statistics import Interval

SHOWN, COLUMNS, SIDE = 12, 4, 480
GALLERY = 5


def draw_samples(path: Path, images: NDArray[np.float32], targets: NDArray[np.uint8], title: str) -> None:
    """Write each image beside its target.

    Args:
        path: of the PNG file.
        images: float32 (examples, side, side, 3), RGB in 0..1; the first `SHOWN` are drawn.
        targets: uint8 (examples, side, side, 3).
        title: above the picture.
    """
    gap = np.ones((*images.shape[:2], max(1, images.shape[2] // 64), 3), np.float32)[:SHOWN]
    pairs = np.concatenate([images[:SHOWN], gap, targets[:SHOWN].astype(np.float32) / 255], axis=2)
    rows = -(-len(pairs) // COLUMNS)
    with picture(path, 3.2 * COLUMNS, 1.65 * rows + 0.5) as figure:
        figure.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
        axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for axis, pair in zip(axes, pairs, strict=False):
            axis.imshow(pair, vmin=0, vmax=1)


def draw_progress(
    path: Path, images: NDArray[np.float32], outputs: NDArray[np.float32], targets: NDArray[np.uint8], title: str
) -> None:
    """Write images, answers and truths in three rows, an example a column.

    Args:
        path: of the PNG file.
        images, outputs: float32 (examples, side, side, 3), RGB in 0..1.
        targets: uint8 (examples, side, side, 3).
        title: above the picture.
    """
    with picture(path, 1.7 * len(images) + 0.7, 5.6) as figure:
        figure.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
        rows = figure.subplots(3, len(images), squeeze=False)
        truths = np.asarray(targets / 255, np.float32)
        parts = {"image": images, "answer": outputs, "truth": truths}
        for axes, (name, examples) in zip(rows, parts.items(), strict=True):
            for axis, one in zip(axes, examples, strict=True):
                axis.imshow(one.clip(0, 1), vmin=0, vmax=1)
                axis.set(xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
            axes[0].set_ylabel(name)


def draw_all(folder: Path, records: Sequence[Any], found: Mapping[str, Interval], read: Callable[[str], bytes]) -> None:
    """Write every picture of an evaluation into ``folder``.

    Args:
        folder: for the PNG files.
        records: of the test split.
        found: the figures.
        read: path of an image -> its file's bytes.
    """
    by_likeness = sorted(records, key=lambda one: one.figures["ssim"])
    draw_rows(folder / "worst.png", by_likeness[:GALLERY], f"The worst of {len(records)} test images", read)
    draw_rows(folder / "best.png", by_likeness[::-1][:GALLERY], f"The best of {len(records)} test images", read)
    draw_gain(folder / "gain.png", records, found)


def draw_rows(path: Path, records: Sequence[Any], title: str, read: Callable[[str], bytes]) -> None:
    """Image, answer, truth, and how far the answer is off, a row an example."""
    heights = [min(2.65 * one.height / one.width, 4.0) + 0.3 for one in records]
    with picture(path, 11, sum(heights) + 0.7, [one.path for one in records]) as figure:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
        rows = figure.subplots(len(records), 4, squeeze=False, height_ratios=heights)
        for axes, one in zip(rows, records, strict=True):
            sent, answer, truth = (_small(image.decode(part)) for part in (read(one.path), one.answer, one.truth))
            off = np.abs(answer.astype(np.int16) - truth).max(axis=2)
            name = legible([Path(one.path).name], 26)[0]
            titles = (name, f"answer: SSIM {one.figures['ssim']:.3f}", "truth", f"off by {off.mean():.1f} levels")
            for axis, shown, words in zip(axes, (sent, answer, truth, off), titles, strict=True):
                axis.set_axis_off()
                axis.set_title(words, fontsize=9, fontweight="normal")
                options: dict[str, Any] = {"cmap": "magma", "vmin": 0, "vmax": 128} if shown.ndim == 2 else {}
                options["interpolation"] = "nearest" if max(truth.shape) < SIDE // 2 else "antialiased"
                axis.imshow(shown, **options)


def draw_gain(path: Path, records: Sequence[Any], found: Mapping[str, Interval]) -> None:
    """Likeness of each answer against that of the image itself, and how colourful answers and truths are."""
    with picture(path, 9, 4.4) as figure:
        left, right = figure.subplots(1, 2)
        pairs = (("input_psnr", "psnr"), ("truth_colourfulness", "colourfulness"))
        for axis, (first, second) in zip((left, right), pairs, strict=True):
            x, y = (np.array([one.figures[name] for one in records]) for name in (first, second))
            low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
            room = 0.05 * (high - low) or 1.0
            low, high = low - room, high + room
            axis.plot([low, high], [low, high], color="#9aa0a6", linestyle="--", linewidth=1)
            axis.plot(x, y, "o", color=BLUE, markersize=4, alpha=0.7)
            axis.plot(x.mean(), y.mean(), "+", color=RED, markersize=14, markeredgewidth=2)
            axis.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        gain = found["psnr_gain"]
        left.set(xlabel="PSNR of the image itself, dB", ylabel="PSNR of the answer, dB")
        left.set_title(f"gain {gain.value:+.2f} dB [{gain.low:+.2f}, {gain.high:+.2f}]", color=INK)
        right.set(xlabel="colourfulness of the truth", ylabel="colourfulness of the answer", title="red: the mean")


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    step = -(-max(pixels.shape[:2]) // SIDE)
    return pixels[step // 2 :: step, step // 2 :: step]
