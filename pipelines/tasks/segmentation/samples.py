"""Training images beside their masks, as the model sees them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.drawing import legible, picture
from pipelines.truth import IGNORE
from tatara.core import painting

SHOWN, COLUMNS, OPAQUE = 12, 3, 0.55
_IGNORED = np.array([0.75, 0.75, 0.75], np.float32)


def draw_samples(
    path: Path, images: NDArray[np.float32], masks: NDArray[np.uint8], classes: Sequence[str], title: str
) -> None:
    """Write each image next to itself under its mask, with a legend of the classes that occur.

    Args:
        path: of the PNG file.
        images: float32 (examples, side, side, 3), RGB in 0..1; the first `SHOWN` are drawn.
        masks: positions of the classes uint8 (examples, side, side); 255 is drawn grey.
        classes: names.
        title: above the picture.
    """
    from matplotlib.patches import Patch

    images, masks = images[:SHOWN], masks[:SHOWN]
    colours = np.array([painting.colour(position) for position in range(len(classes))], np.float32) / 255
    tints = np.vstack([colours, np.tile(_IGNORED, (256 - len(classes), 1))])
    gap = np.ones((*images.shape[:2], max(1, images.shape[2] // 64), 3), np.float32)
    pairs = np.concatenate([images, gap, (1 - OPAQUE) * images + OPAQUE * tints[masks]], axis=2)
    rows = -(-len(pairs) // COLUMNS)
    with picture(path, 3.4 * COLUMNS, 1.75 * rows + 1.0, classes) as figure:
        figure.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
        axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for axis, pair in zip(axes, pairs, strict=False):
            axis.imshow(pair, vmin=0, vmax=1)
        names = legible(classes)
        found = np.unique(masks)
        entries = [Patch(color=colours[value], label=names[value]) for value in found[found < len(classes)]]
        if IGNORE in found:
            entries.append(Patch(color=_IGNORED, label="ignored"))
        figure.legend(handles=entries, loc="outside lower center", ncols=min(8, len(entries)), fontsize=8)
