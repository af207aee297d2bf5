"""The tables of a segmenter's evaluation for people."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.examples import Example
from tatara.core.contract import Contract
from tatara.core.statistics import Interval

COUNTED = 500
"""Training images whose masks are read, spread evenly."""


def training_shares(train: Sequence[Example], labels: Sequence[str]) -> NDArray[np.float64]:
    """Share of the training pixels that are of each class (classes,), ignored ones left out."""
    counts = np.zeros(256, np.int64)
    for example in train[:: -(-len(train) // COUNTED)]:
        counts += np.bincount(example.class_map(labels).ravel(), minlength=256)
    own = counts[: len(labels)]
    return np.asarray(own / max(own.sum(), 1), np.float64)


def written(
    found: Mapping[str, Interval], by_class: Mapping[str, Mapping[str, Any]], test: Sequence[Any],
    train: Sequence[Example], contract: Contract,
) -> str:  # fmt: skip
    """The whole report in Markdown.

    Args:
        found: the figures.
        by_class: what ``classes.json`` holds.
        test: records of the test split, for their sizes.
        train: the examples that the model learned from.
        contract: of the model.
    """
    pixels = sum(row["pixels"] for row in by_class.values())
    lines = [
        f"# Evaluation on {len(test):,} test images",
        "",
        "95 % intervals: BCa bootstrap over the images, Newcombe's for the gap. The counts are those of all images",
        "together; pixels that the truth ignores do not count. `miou` is the mean IoU over the classes that are in the",
        "truth or in the answers, `mean_accuracy` the mean share of a class's pixels that are found.",
        "",
        "| metric | value | low | high |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {one.value:.4f} | {one.low:.4f} | {one.high:.4f} |" for name, one in found.items()),
        "",
        "## Trained on",
        "",
        *_trained_on(test, train, contract),
        "",
        "## Classes",
        "",
        "| # | class | training pixels | test pixels | test images | IoU | accuracy |",
        "|---:|---|---:|---:|---:|---|---|",
    ]
    for number, (label, row) in enumerate(by_class.items()):
        name = label.replace("|", chr(92) + "|")
        share = f"{row['training_share']:.2%} | {row['pixels'] / max(pixels, 1):.2%} | {row['images']}"
        lines.append(f"| {number} | {name} | {share} | {_cell(row.get('iou'))} | {_cell(row.get('accuracy'))} |")
    absent = [label for label, row in by_class.items() if "iou" not in row]
    if absent:
        lines += ["", f"Neither in the truth nor in the answers, and left out of the means: {', '.join(absent)}."]
    lines += [
        "",
        "## Files",
        "",
        "`labels/<digest>.png` is the answer to an image, a pixel's value the class's number. `predictions.parquet`",
        "has the pixels of each image by class in the truth and in the answer.",
    ]
    return "\n".join(lines) + "\n"


def _trained_on(test: Sequence[Any], train: Sequence[Example], contract: Contract) -> list[str]:
    side, tiling = contract.frame.size, contract.tiling
    shown = "each image" if tiling is None else f"windows of {tiling.size} x {tiling.size} pixels of an image"
    steps = [_step(one.height, one.width, contract) for one in test]
    lines = [
        f"{len(train):,} training images of {_extent(train)}; {len(test):,} test images of {_extent(test)}.",
        f"The model sees {shown} at {side} x {side} pixels: one of these stands for {_range(steps)} of an image's",
        "pixels across, and what is narrower than that is not seen. Views that the training images do not show, and",
        "classes that they hardly hold, lie outside of what the model learned.",
    ]
    if len(train) > COUNTED:
        lines.append(f"The shares below are those of {len(train[:: -(-len(train) // COUNTED)])} training images.")
    return lines


def _step(height: int, width: int, contract: Contract) -> float:
    if contract.tiling is not None:
        height, width = min(height, contract.tiling.size), min(width, contract.tiling.size)
    return max(height, width) / contract.frame.size


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2g}", f"{max(values):.2g}"
    return low if low == high else f"{low} to {high}"


def _extent(images: Sequence[Any]) -> str:
    sizes = sorted({(one.width, one.height) for one in images}, key=lambda size: size[0] * size[1])
    if len(sizes) == 1:
        return f"{sizes[0][0]} x {sizes[0][1]} pixels"
    return f"{sizes[0][0]} x {sizes[0][1]} to {sizes[-1][0]} x {sizes[-1][1]} pixels"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    one = Interval.model_validate(value)
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"
