"""The images that a detector does worst on: what is marked beside what it found."""

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.drawing import legible, picture, shortened
from pipelines.metrics.objects.errors import Found
from pipelines.metrics.objects.operating import Tally
from pipelines.metrics.objects.scenes import Regions, Scene
from tatara.core import masks, painting
from tatara.core.modalities import image

SHOWN, NAMED, DRAWN = 6, 12, 30
"""Images, objects up to which all are named (of more, the wrong ones), and wrong answers of an image that are drawn,
those of highest score."""
SIDE, LINE, TEXT = 600, 4, 20
"""Pixels of an image's longer side, of lines and of letters, some twice as many as the picture shows."""
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
    names, ratios = (
        [shortened(label, 16) for label in labels],
        [scenes[one].height / scenes[one].width for one in chosen],
    )
    heights = [2.7 * min(max(ratios[at : at + columns]), 1.8) + 0.4 for at in range(0, len(chosen), columns)]
    crowds = "Grey: crowd, does not count." if any(scenes[one].truth.crowd.any() for one in chosen) else ""
    with picture(path, 5.6 * columns, sum(heights) + 0.7, labels) as figure:
        figure.suptitle(
            f"{_title(len(worst), faulty, len(scenes))} Answers of score {score:.2f} and more.\n"
            f"Blue: found. Red: missed in the truth (left), wrong in the answer (right). {crowds}",
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
        which = "The one image" if faulty == 1 else f"All {faulty} images"
        return f"{which} with mistakes, of {images} test images{', the lowest F1 first' * (faulty > 1)}."
    return f"The {shown} images of lowest F1 among {faulty} with mistakes, of {images} test images."


def _pair(
    axes: NDArray[Any], scene: Scene, position: int, found: Found, score: float, names: Sequence[str],
    read: Callable[[str], bytes], by_mask: bool,
) -> None:  # fmt: skip
    """Truth and answer of one scene."""
    pixels, counted = image.decode(read(scene.path)), (found.image == position) & (found.score >= score)
    kept, right = found.place[counted], found.hit[counted]
    missed = ~scene.truth.crowd
    missed[found.target[counted & found.hit]] = False
    marks = [WRONG if one else CROWD if crowd else RIGHT for one, crowd in zip(missed, scene.truth.crowd, strict=True)]
    few = max(len(missed), len(kept)) <= NAMED
    drawn = _drawn(right, scene.answer.scores[kept])
    answers = [RIGHT if right[one] else WRONG for one in drawn]
    for axis, regions, shown, tints, wrong in (
        (axes[0], scene.truth, np.arange(len(missed)), marks, missed),
        (axes[1], scene.answer, kept[drawn], answers, ~right[drawn]),
    ):
        named = np.full(len(shown), True) if few else wrong
        named = named & (named.sum() <= NAMED)
        texts = [
            _text(regions, int(at), names, regions is scene.answer) if says else ""
            for at, says in zip(shown, named, strict=True)
        ]
        axis.imshow(_half(pixels, regions, shown, tints, texts, by_mask))
    file = legible([PurePosixPath(scene.path).name], 22)[0]
    truth, answer = (
        f"{file}: {missed.sum()} of {(~scene.truth.crowd).sum()} missed",
        f"{(~right).sum()} of {len(kept)} wrong" + (f", {DRAWN} of them drawn" if len(drawn) < len(kept) else ""),
    )
    for axis, text in zip(axes, (truth, answer), strict=True):
        axis.set_title(text, fontsize=8, fontweight="normal")


def _text(regions: Regions, at: int, names: Sequence[str], scored: bool) -> str:
    """Class, where there are several, and score."""
    name = names[regions.classes[at]] if len(names) > 1 else ""
    return f"{name}  {regions.scores[at]:.2f}".strip() if scored else name


def _drawn(right: NDArray[np.bool_], scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Positions of the answers to draw, the right ones last, so that they lie on top."""
    wrong = np.flatnonzero(~right)
    best = np.sort(wrong[np.argsort(-scores[wrong], kind="stable")[:DRAWN]])
    return np.concatenate([best, np.flatnonzero(right)])


def _half(
    pixels: NDArray[np.uint8], regions: Regions, shown: NDArray[np.intp], tints: Sequence[painting.Colour],
    texts: Sequence[str], by_mask: bool,
) -> NDArray[np.uint8]:  # fmt: skip
    """The image with its objects and their texts, the first of which get the best places."""
    canvas = painting.Canvas(pixels, SIDE)
    canvas.line, canvas.text = LINE, TEXT
    corners = [tuple(regions.boxes[at].tolist()) for at in shown]
    for at, place, tint in zip(shown, corners, tints, strict=True):
        mask = regions.masks[at]
        if by_mask and mask is not None:
            painting.region(canvas, masks.decode(mask), tint)
        else:
            painting.box(canvas, place, tint)
    for place, text, tint in zip(corners, texts, tints, strict=True):
        if text:
            painting.beside(canvas, place, text, tint)
    return np.asarray(canvas.picture)
