"""Pairs of boxes that may overlap, found by sweeping over strips of the image: never every box against every other."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 2**19
"""Pairs that are in memory at once, some 100 bytes each."""


@dataclass(frozen=True)
class Sweep:
    """Boxes entered in every strip that they reach into, by class, strip and left edge.

    Attributes:
        boxes: position of the box of each entry, (entries,).
        strips: of each entry, (entries,).
        first: strip that each box begins in, (boxes,).
        counts: how many of the entries after each begin before it ends, (entries,).
    """

    boxes: NDArray[np.intp]
    strips: NDArray[np.intp]
    first: NDArray[np.intp]
    counts: NDArray[np.intp]

    @property
    def cost(self) -> int:
        """Pairs that `pairs` looks at."""
        return int(self.counts.sum())

    def pairs(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Two positions of each pair of one class whose boxes may overlap, once, some pairs at a time."""
        ends = np.cumsum(self.counts)
        cuts = np.searchsorted(ends, np.arange(AT_ONCE, self.cost, AT_ONCE))
        for entries in np.split(np.arange(len(self.counts)), np.unique(cuts)):
            counts = self.counts[entries]
            one = np.repeat(entries, counts)
            other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts, counts)
            first, second = self.boxes[one], self.boxes[other]
            once = self.strips[one] == np.maximum(self.first[first], self.first[second])
            yield first[once], second[once]


def swept(boxes: NDArray[np.float64], classes: NDArray[np.integer], size: tuple[int, int]) -> Sweep:
    """The sweep over boxes (boxes, 4) of an image of ``size`` (height, width); what is no number is left out.

    A strip is as high as the boxes on average, so that there are at most three entries a box.
    """
    rows = np.nonzero(np.isfinite(boxes).all(axis=1))[0]
    edges = np.clip(boxes[rows], 0, np.tile(size[::-1], 2))
    height = max(1.0, float((edges[:, 3] - edges[:, 1]).mean())) if len(rows) else 1.0
    low = (edges[:, 1] // height).astype(np.intp)
    high = np.maximum(low, (edges[:, 3] // height).astype(np.intp))
    spans = high - low + 1
    entries = np.repeat(np.arange(len(rows)), spans)
    strips = low[entries] + np.arange(len(entries)) - np.repeat(np.cumsum(spans) - spans, spans)
    lanes = classes[rows][entries].astype(np.float64) * (high.max(initial=0) + 1) + strips
    keys = lanes * (size[1] + 1) + edges[entries, 0]  # lanes lie further apart than an image is wide
    order = np.argsort(keys, kind="stable")
    reach = (lanes * (size[1] + 1) + np.maximum(edges[entries, 0], edges[entries, 2]))[order]
    counts = np.searchsorted(keys[order], reach, side="right") - np.arange(len(order)) - 1
    first = np.zeros(len(boxes), np.intp)
    first[rows] = low
    return Sweep(rows[entries[order]], strips[order], first, counts)
