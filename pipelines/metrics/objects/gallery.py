"""The images that a detector does worst on: what is marked beside what it found."""

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
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

SHOWN, SIDE, NAMED, DRAWN = 6, 640, 12, 30
"""Images, the longer side of each in pixels, objects up to which all are named (of more, the wrong ones), and wrong
answers of an image that are drawn, those of highest score."""
RIGHT, WRONG, CROWD = (63, 160, 215), (226, 88, 48), (150, 150, 150)


def draw_worst(
    path: Path, scenes: Sequence[Scene], labels: Sequence[str], found: Found, tally: Tally, score: float,
    read: Callable[[str], bytes], by_mask: bool,
) -> None:  # fmt: skip
    """Write the images with mistakes of lowest F1, of equals those with most; where there is none, some without.

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
    mistakes = tally.wrong + tally.missed
    order = np.lexsort((-mistakes, tally.f1))
    faulty = int((mistakes > 0).sum())
    worst = order[mistakes[order] > 0][:SHOWN]
    chosen = worst if faulty else order[:2]
    columns = 2 if len(chosen) > 2 else 1
    names, ratios = legible(labels, 16), [scenes[one].height / scenes[one].width for one in chosen]
    heights = [2.7 * min(max(ratios[at : at + columns]), 1.8) + 0.4 for at in range(0, len(chosen), columns)]
    with picture(path, 5.6 * columns, sum(heights) + 0.7, labels) as figure:
        figure.suptitle(
            f"{_title(len(worst), faulty, len(scenes))} Answers of score {score:.2f} and more.\n"
            "Blue: found. Red: missed in the truth (left), wrong in the answer (right). Grey: crowd, does not count.",
            x=0.01, ha="left", fontsize=9,
        )  # fmt: skip
        axes = figure.subplots(len(heights), 2 * columns, squeeze=False, height_ratios=heights)
        for axis in axes.ravel():
            axis.set_axis_off()
            axis.set_anchor("N")
        for place, position in enumerate(chosen):
            pair = axes[place // columns, 2 * (place % columns) :][:2]
            _pair(pair, scenes[position], int(position), found, score, names, read, by_mask)


def _title(shown: int, faulty: int, images: int) -> str:
    if not faulty:
        return f"No mistake on any of the {images} test images; some of them."
    if shown == faulty:
        return f"All {faulty} images with mistakes, of {images} test images, the lowest F1 first."
    return f"The {shown} images of lowest F1 among {faulty} with mistakes, of {images} test images."


def _pair(
    axes: NDArray[Any], scene: Scene, position: int, found: Found, score: float, names: Sequence[str],
    read: Callable[[str], bytes], by_mask: bool,
) -> None:  # fmt: skip
    """Truth and answer of one scene."""
    pixels, counted = _thumbnail(read(scene.path)), (found.image == position) & (found.score >= score)
    kept, right = found.place[counted], found.hit[counted]
    missed = ~scene.truth.crowd
    missed[found.target[counted & found.hit]] = False
    marks = np.where(missed[:, None], WRONG, np.where(scene.truth.crowd[:, None], CROWD, RIGHT))
    few = max(len(missed), len(kept)) <= NAMED
    drawn = _drawn(right, scene.answer.scores[kept])
    for axis, regions, shown, colours, wrong in (
        (axes[0], scene.truth, np.arange(len(missed)), marks, missed),
        (axes[1], scene.answer, kept[drawn], np.where(right[drawn, None], RIGHT, WRONG), ~right[drawn]),
    ):
        _draw(axis, pixels, scene, regions, shown, colours, by_mask)
        named = np.full(len(shown), True) if few else wrong
        if named.sum() <= NAMED:
            _name(axis, pixels, scene, regions, shown[named], colours[named], names)
    file = legible([PurePosixPath(scene.path).name], 22)[0]
    truth, answer = (
        f"{file}: {missed.sum()} of {(~scene.truth.crowd).sum()} missed",
        f"{(~right).sum()} of {len(kept)} wrong" + (f", {DRAWN} of them drawn" if len(drawn) < len(kept) else ""),
    )
    for axis, text in zip(axes, (truth, answer), strict=True):
        axis.set_title(text, fontsize=8, fontweight="normal")


def _drawn(right: NDArray[np.bool_], scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Positions of the answers to draw, the right ones last, so that they lie on top."""
    wrong = np.flatnonzero(~right)
    best = np.sort(wrong[np.argsort(-scores[wrong], kind="stable")[:DRAWN]])
    return np.concatenate([best, np.flatnonzero(right)])


def _draw(
    axis: "Axes", pixels: NDArray[np.uint8], scene: Scene, regions: Regions, shown: NDArray[np.intp],
    colours: NDArray[np.int64], by_mask: bool,
) -> None:  # fmt: skip
    """One half: the image with its objects."""
    from matplotlib.patches import Rectangle

    drawn = pixels.copy()
    if by_mask:
        for at, colour in zip(shown, colours, strict=True):
            _tint(drawn, masks.decode(regions.masks[at]), colour)
    axis.imshow(drawn, interpolation="nearest" if max(scene.width, scene.height) < 128 else "antialiased")
    if not by_mask:
        for (left, top, right, bottom), colour in zip(
            _edges(pixels, scene, regions, shown), colours / 255, strict=True
        ):
            box = Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour, linewidth=1.2)
            axis.add_patch(box)


def _name(
    axis: "Axes", pixels: NDArray[np.uint8], scene: Scene, regions: Regions, shown: NDArray[np.intp],
    colours: NDArray[np.int64], names: Sequence[str],
) -> None:  # fmt: skip
    """Class and score at each object's box, within the image."""
    places = _edges(pixels, scene, regions, shown)
    for at, (left, top, right, bottom), colour in zip(shown, places, colours / 255, strict=True):
        text = names[regions.classes[at]] + (f" {regions.scores[at]:.2f}" if regions is scene.answer else "")
        late, high = left > 0.6 * pixels.shape[1], top < 0.06 * pixels.shape[0]
        axis.text(
            right if late else left, bottom + 1 if high else top - 1, text, fontsize=6, color="white",
            ha="right" if late else "left", va="top" if high else "bottom",
            bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip


def _edges(pixels: NDArray[np.uint8], scene: Scene, regions: Regions, shown: NDArray[np.intp]) -> NDArray[np.float64]:
    """Boxes in the picture's pixels, whose centres are whole numbers."""
    scale = np.array([pixels.shape[1] / scene.width, pixels.shape[0] / scene.height] * 2)
    found: NDArray[np.float64] = regions.boxes[shown] * scale - 0.5
    return found


def _tint(pixels: NDArray[np.uint8], mask: NDArray[np.uint8], colour: NDArray[np.int64]) -> None:
    """Lay a colour over a mask's pixels, whole along its edge."""
    from PIL import Image

    size = (pixels.shape[1], pixels.shape[0])
    inside = np.asarray(Image.fromarray(mask * np.uint8(255)).resize(size, Image.Resampling.NEAREST), bool)
    padded = np.pad(inside, 1)
    kept = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    pixels[inside] = (0.62 * pixels[inside] + 0.38 * colour).astype(np.uint8)
    pixels[inside & ~kept] = colour


def _thumbnail(content: bytes) -> NDArray[Any]:
    from PIL import Image

    small = Image.fromarray(image.decode(content))
    small.thumbnail((SIDE, SIDE))
    return np.array(small)
