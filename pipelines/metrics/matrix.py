"""A confusion of classes as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import NDArray

from pipelines.drawing import INK, legible, picture

ANNOTATED = 20
"""Classes up to which a confusion matrix shows its figures."""
CELLS = 0.6
"""Part of a picture's side that the cells take."""


def _inches(name: str) -> float:
    """About how wide a name is written."""
    return sum(0.16 if east_asian_width(character) in "WF" else 0.09 for character in name)


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
        axis.set_xticks(range(0, classes, step), names[::step])
        for name in axis.get_xticklabels():
            if _inches(name.get_text()) > CELLS * side / classes * step:
                name.set(rotation=40, ha="right", va="top", rotation_mode="anchor")
        axis.set_yticks(range(0, classes, step), names[::step])
        axis.set(xlabel="answer", ylabel="truth")
        axis.set_title(title)
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
        bar = figure.colorbar(drawn, ax=axis, shrink=0.8, pad=0.02)
        bar.outline.set_visible(False)
        bar.set_label("share of the true class" if colours == "shares" else "how many")
        if classes <= ANNOTATED:
            for row, column in np.argwhere((counts > 0) & (shares >= least)):
                share = f"{shares[row, column]:.2f}".lstrip("0")
                text = share if figures == "shares" else str(counts[row, column])
                light = values[row, column] > 0.5 * most
                axis.text(column, row, text, ha="center", va="center", color="white" if light else INK)
