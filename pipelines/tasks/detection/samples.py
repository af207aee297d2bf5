"""Training images with their boxes, as the model sees them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.drawing import legible, picture
from pipelines.nn.boxes import IGNORED
from tatara.core import painting

SHOWN, COLUMNS = 12, 4
_IGNORED = (0.75, 0.75, 0.75)


def draw_samples(
    path: Path, images: NDArray[np.float32], truths: NDArray[np.float32], classes: Sequence[str], title: str
) -> None:
    """Write the images with the boxes drawn in the colour of their class, and a legend of the classes that occur.

    Args:
        path: of the PNG file.
        images: float32 (examples, side, side, 3), RGB in 0..1; the first `SHOWN` are drawn.
        truths: float32 (examples, objects, 5), as `pipelines.nn.boxes` has them in the unit square.
        classes: names.
        title: above the picture.
    """
    from matplotlib.patches import Patch, Rectangle

    images, truths = images[:SHOWN], truths[:SHOWN]
    side, names = images.shape[1], legible(classes)
    rows = -(-len(images) // COLUMNS)
    with picture(path, 2.8 * COLUMNS, 2.85 * rows + 1.0, classes) as figure:
        figure.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
        axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for axis, image, objects in zip(axes, images, truths, strict=False):
            axis.imshow(image, vmin=0, vmax=1, extent=(0, side, side, 0))
            for left, top, right, bottom, index in objects * [side, side, side, side, 1]:
                if index >= 0 or index == IGNORED:
                    colour = _colour(int(index))
                    axis.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour))
        found = np.unique(truths[..., 4]).astype(int)
        entries = [Patch(color=_colour(index), label=names[index]) for index in found if index >= 0]
        if IGNORED in found:
            entries.append(Patch(color=_IGNORED, label="ignored"))
        if entries:
            figure.legend(handles=entries, loc="outside lower center", ncols=min(8, len(entries)), fontsize=8)


def _colour(index: int) -> tuple[float, float, float]:
    if index < 0:
        return _IGNORED
    red, green, blue = painting.colour(index)
    return red / 255, green / 255, blue / 255
