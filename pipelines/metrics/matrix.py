"""A confusion of classes as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.drawing import INK, legible, picture

ANNOTATED = 20
"""Classes up to which a confusion matrix shows its figures."""


def draw_confusion(
    path: Path, counts: NDArray[np.int64], labels: Sequence[str], title: str, colours: Literal["counts", "shares"],
    figures: Literal["counts", "shares"], least: float = 0.0,
) -> None:  # fmt: skip
    """Write a confusion matrix.

    Args:
        path: of the PNG file.
        counts: (truth, answer).
        labels: names of both.
        title: above it.
        colours, figures: what colours and figures stand for: counts, or shares of each true class.
        least: share below which no figure is written.
    """
    classes = len(labels)
    names = legible(labels, 16)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    values, most = (shares, 1) if colours == "shares" else (counts, max(1, int(counts.max())))
    side = float(np.clip(2.5 + 0.5 * classes, 4.5, 14))
    with picture(path, side + 1, side, labels) as figure:
        axis = figure.subplots()
        drawn = axis.imshow(values, cmap="Blues", vmin=0, vmax=most)
        step = -(-classes // 50)
        axis.set_xticks(range(0, classes, step), names[::step], rotation=90 if max(map(len, names)) > 3 else 0)
        axis.set_yticks(range(0, classes, step), names[::step])
        axis.set(xlabel="answer", ylabel="truth")
        axis.set_title(title)
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
        figure.colorbar(drawn, ax=axis, shrink=0.8, pad=0.02).outline.set_visible(False)
        if classes <= ANNOTATED:
            for row, column in np.argwhere((counts > 0) & (shares >= least)):
                share = f"{shares[row, column]:.2f}".lstrip("0")
                text = share if figures == "shares" else str(counts[row, column])
                light = values[row, column] > 0.5 * most
                axis.text(column, row, text, ha="center", va="center", color="white" if light else INK)
