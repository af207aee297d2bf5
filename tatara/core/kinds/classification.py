"""Classification: one label per example, with a probability for each class."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydantic import Field

from tatara.core import drawing
from tatara.core.contract import Contract, Finished, Strict

TOLERANCES = {"probability": 1e-5, "decided": 0.0}
GOLDEN_TOLERANCES = {"probability": 1e-4, "decided": 0.0}
SCORE, DECISION = "probability", "decided"
ON_AVERAGE = ()


class Options(Strict):
    """Parameters of a request."""

    top: int = Field(5, ge=1, le=10_000, description="labels listed, the best first")


class ScoredLabel(Strict):
    """A class and its probability."""

    label: str
    score: float = Field(ge=0.0, le=1.0)


class Answer(Strict):
    """The answer for one example: the best label, its probability, and the best few in falling order."""

    label: str
    score: float = Field(ge=0.0, le=1.0)
    top: tuple[ScoredLabel, ...]


def answer(contract: Contract, finished: Finished, options: Options, size: tuple[int, int]) -> Answer:
    """The typed answer for one image.

    Args:
        contract: of the model.
        finished: ``probabilities`` float32 (classes,), which sum to 1.
        options: of the request.
        size: height and width of the image, which make no difference here.
    """
    row = finished["probabilities"]
    best = np.argsort(-row, kind="stable")[: options.top]
    labels = tuple(ScoredLabel(label=contract.labels[i], score=min(float(row[i]), 1.0)) for i in best)
    return Answer(label=labels[0].label, score=labels[0].score, top=labels)


def overlay(
    pixels: NDArray[np.uint8], answer: Answer, labels: Sequence[str] = (), side: int | None = None
) -> Image.Image:
    """A card: the picture, its label, and a bar for each of the best few labels.

    Args:
        pixels: decoded, ``uint8 (height, width, 3)``.
        answer: to it.
        labels, side: not needed: a card is of one size, and names no class by its colour.
    """
    width, shown = 360, 3
    inner, bars = width - 48, answer.top[:shown]
    card = Image.new("RGB", (width, width + 52 + 44 * shown), drawing.CARD)
    picture = drawing.fit(pixels, inner)
    card.paste(picture, ((width - picture.width) // 2, 24 + (inner - picture.height) // 2))
    pen = ImageDraw.Draw(card)
    drawing.write(pen, (24, width + 8), answer.label, 32, drawing.INK, inner)
    for i, scored in enumerate(bars):
        top = width + 40 + 44 * i
        colour = drawing.ACCENT if i == 0 else drawing.FAINT
        drawing.write(pen, (24, top + 12), scored.label, 18, drawing.INK, inner - 90)
        pen.text((width - 24, top + 12), f"{scored.score:.1%}", drawing.INK, drawing.font_for("0", 18)[0], anchor="rm")
        pen.rounded_rectangle((24, top + 26, width - 24, top + 34), 4, drawing.TRACK)
        if (filled := round(inner * scored.score)) >= 2:
            pen.rounded_rectangle((24, top + 26, 24 + filled, top + 34), min(4, filled // 2), colour)
    return card


def line(answer: Answer) -> str:
    """The label, how sure, and the runners-up, in one line."""
    others = (f"   {other.label} {other.score:.1%}" for other in answer.top[1:3])
    return f"{answer.label}  {answer.score:.1%}" + "".join(others)


def differences(expected: Finished, actual: Finished) -> dict[str, float]:
    """How far two answers to one image lie apart, by the names in `TOLERANCES`.

    ``probability`` is the largest gap of a class, ``decided`` is 1 where the best class differs, unless it is a tie:
    two probabilities so near that the tolerance on each may swap them.
    """
    wanted, found = expected["probabilities"].astype(np.float64), actual["probabilities"]
    apart = np.abs(wanted - found)
    second, first = np.sort(wanted)[-2:]
    decided = wanted.argmax() != found.argmax() and first - second > 2 * GOLDEN_TOLERANCES["probability"]
    return {
        "probability": float("inf") if np.isnan(apart).any() else float(apart.max()),
        "decided": float(decided),
    }
