"""Training images beside their objects, as the model sees them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.drawing import legible, picture
from tatara.core import painting

SHOWN, COLUMNS, SIDE = 12, 3, 320
_IGNORED = (128, 128, 128)


def draw_samples(
    path: Path,
    images: NDArray[np.float32],
    ids: NDArray[Any],
    labels: NDArray[np.int32],
    classes: Sequence[str],
    title: str,
) -> None:
    """Write each image next to itself with its objects' masks in their classes' colours.

    Of a single class, each object has a colour of its own, which tells neighbours apart.

    Args:
        path: of the PNG file.
        images: float32 (examples, side, side, 3), RGB in 0..1; the first `SHOWN` are drawn.
        ids, labels: as the model's targets have them; ignored objects are grey.
        classes: names.
        title: above the picture.
    """
    from matplotlib.patches import Patch

    tints = list(painting.colours(classes).values())
    pairs = [_pair(*each, tints) for each in zip(images[:SHOWN], ids, labels, strict=False)]
    rows = -(-len(pairs) // COLUMNS)
    with picture(path, 3.4 * COLUMNS, 1.75 * rows + 1.0, classes) as figure:
        figure.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
        axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for axis, pair in zip(axes, pairs, strict=False):
            axis.imshow(pair)
        names, marked = legible(classes), _marked(ids[:SHOWN], labels[:SHOWN])
        shown = [value for value in marked if value >= 0 and len(classes) > 1][:24]
        entries = [Patch(color=np.array(tints[value]) / 255, label=names[value]) for value in shown]
        if any(value < 0 for value in marked):
            entries.append(Patch(color=np.array(_IGNORED) / 255, label="ignored"))
        if entries:
            figure.legend(handles=entries, loc="outside lower center", ncols=min(8, len(entries)), fontsize=8)


def _marked(ids: NDArray[Any], labels: NDArray[np.int32]) -> list[int]:
    """Labels of the objects that can be seen, each once; those of ignored ones are negative."""
    return sorted(
        {int(own[number - 1]) for one, own in zip(ids, labels, strict=True) for number in np.unique(one[one > 0])}
    )


def _pair(
    image: NDArray[np.float32], ids: NDArray[Any], labels: NDArray[np.int32], tints: Sequence[painting.Colour]
) -> NDArray[np.uint8]:
    pixels = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    canvas = painting.Canvas(pixels, SIDE)
    plain = np.asarray(canvas.picture.copy())
    for number in np.unique(ids[ids > 0]):
        label = int(labels[number - 1])
        tint = tints[label] if len(tints) > 1 else painting.colour(int(number))
        painting.region(canvas, (ids == number).astype(np.uint8), tint if label >= 0 else _IGNORED)
    return np.concatenate([plain, np.asarray(canvas.picture)], axis=1)
