"""The images that a detector does worst on: what is marked beside what it found."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.drawing import legible, picture
from pipelines.metrics.objects.errors import Found
from pipelines.metrics.objects.operating import Tally
from pipelines.metrics.objects.scenes import Regions, Scene
from tatara.core import masks
from tatara.core.modalities import image

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN, SIDE, NAMED = 6, 640, 12
"""Images, the longer side of each in pixels, and objects up to which all are named."""
RIGHT, WRONG, CROWD = (63, 160, 215), (226, 88, 48), (150, 150, 150)


def draw_worst(
    path: Path, scenes: Sequence[Scene], labels: Sequence[str], found: Found, tally: Tally, score: float,
    read: Callable[[str], bytes], by_mask: bool,
) -> None:  # fmt: skip
    """Write the images of lowest F1, of equals those with most mistakes.

    Args:
        path: of the PNG file.
        scenes: of the test split.
        labels: class names.
        found: every answer that counts.
        tally: what is right, wrong and missed in each scene.
        score: from which answers are shown.
        read: path of an image -> its file's bytes.
        by_mask: show masks, else boxes.
    """
    chosen = np.lexsort((-(tally.wrong + tally.missed), tally.f1))[:SHOWN]
    columns = 2 if len(chosen) > 2 else 1
    rows = -(-len(chosen) // columns)
    names, ratio = legible(labels, 16), max(scenes[one].height / scenes[one].width for one in chosen)
    with picture(path, 5.6 * columns, rows * (2.7 * min(ratio, 1.6) + 0.45) + 0.75, labels) as figure:
        figure.suptitle(
            f"The {len(chosen)} of {len(scenes)} test images with lowest F1, answers of score {score:.2f} and more. "
            "Blue: found, right.\nRed: missed in the truth (left), wrong in the answer (right). Grey: crowd, does not "
            "count.", x=0.01, ha="left", fontsize=9,
        )  # fmt: skip
        axes = figure.subplots(rows, 2 * columns, squeeze=False)
        for axis in axes.ravel():
            axis.set_axis_off()
        for place, position in enumerate(chosen):
            one = scenes[position]
            left, right = axes[place // columns, 2 * (place % columns) :][:2]
            pixels = _thumbnail(read(one.path))
            counted = (found.image == position) & (found.score >= score)
            hit, missed = found.place[counted & found.hit], np.ones(len(one.truth), bool)
            missed[found.target[counted & found.hit]] = False
            colours = [
                CROWD if crowd else WRONG if lost else RIGHT
                for crowd, lost in zip(one.truth.crowd, missed, strict=True)
            ]
            kept = found.place[counted]
            _draw(left, pixels, one, one.truth, np.arange(len(one.truth)), colours, names, by_mask)
            _draw(right, pixels, one, one.answer, kept, [RIGHT if at in hit else WRONG for at in kept], names, by_mask)
            left.set_title(f"truth: {tally.missed[position]} of {(~one.truth.crowd).sum()} missed", fontsize=8)
            right.set_title(f"answer: {tally.wrong[position]} of {len(kept)} wrong", fontsize=8)


def _draw(
    axis: "Axes", pixels: NDArray[np.uint8], scene: Scene, regions: Regions, shown: NDArray[np.intp],
    colours: Sequence[tuple[int, int, int]], names: Sequence[str], by_mask: bool,
) -> None:  # fmt: skip
    """One half: the image with its objects, named where they are few."""
    from matplotlib.patches import Rectangle

    scale = pixels.shape[1] / scene.width, pixels.shape[0] / scene.height
    drawn = pixels.copy()
    for at, colour in zip(shown, colours, strict=True):
        if by_mask and (mask := regions.masks[at]) is not None:
            _tint(drawn, masks.decode(mask), colour)
    axis.imshow(drawn, interpolation="nearest" if max(scene.width, scene.height) < 128 else "antialiased")
    for at, colour in zip(shown, colours, strict=True):
        x, y, x_max, y_max = regions.boxes[at] * np.tile(scale, 2)
        line = np.array(colour) / 255
        if not by_mask or regions.masks[at] is None:
            axis.add_patch(
                Rectangle((x - 0.5, y - 0.5), x_max - x, y_max - y, fill=False, edgecolor=line, linewidth=1.2)
            )
        if len(shown) <= NAMED:
            text = names[regions.classes[at]] + (f" {regions.scores[at]:.2f}" if regions is scene.answer else "")
            axis.text(
                x, y - 1, text, fontsize=6, color="white", va="bottom", clip_on=True,
                bbox={"facecolor": line, "edgecolor": "none", "pad": 0.8, "clip_on": True},
            )  # fmt: skip


def _tint(pixels: NDArray[np.uint8], mask: NDArray[np.uint8], colour: tuple[int, int, int]) -> None:
    """Lay a colour over a mask's pixels, whole along its edge."""
    from PIL import Image

    size = (pixels.shape[1], pixels.shape[0])
    inside = np.asarray(Image.fromarray(mask * np.uint8(255)).resize(size, Image.Resampling.NEAREST), bool)
    padded = np.pad(inside, 1)
    kept = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    pixels[inside] = (0.62 * pixels[inside] + 0.38 * np.array(colour)).astype(np.uint8)
    pixels[inside & ~kept] = colour


def _thumbnail(content: bytes) -> NDArray[Any]:
    from PIL import Image

    small = Image.fromarray(image.decode(content))
    small.thumbnail((SIDE, SIDE))
    return np.array(small)
