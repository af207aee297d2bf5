"""Classification: one label per example, with a probability for each class."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydantic import Field

from tatara.core import drawing
from tatara.core.contract import Contract, Strict

OUTPUTS = ("probabilities",)


class ScoredLabel(Strict):
    """A class and its probability."""

    label: str
    score: float = Field(ge=0.0, le=1.0)


class Answer(Strict):
    """The answer for one example: the best label, its probability, and the best few in falling order."""

    label: str
    score: float = Field(ge=0.0, le=1.0)
    top: tuple[ScoredLabel, ...]


def answers(contract: Contract, outputs: Mapping[str, NDArray[np.float32]], top: int = 5) -> list[Answer]:
    """The typed answers in a batch of model outputs.

    Args:
        contract: of the model.
        outputs: ``probabilities`` float32 (batch, classes), rows sum to 1.
        top: how many labels an answer lists.
    """
    probabilities = outputs["probabilities"]
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    found = []
    for row, best in zip(probabilities, order, strict=True):
        labels = tuple(ScoredLabel(label=contract.labels[i], score=min(float(row[i]), 1.0)) for i in best)
        found.append(Answer(label=labels[0].label, score=labels[0].score, top=labels))
    return found


def draw(images: Sequence[NDArray[np.uint8]], answers: Sequence[Answer], footer: str = "") -> Image.Image:
    """A card for each image: the picture, its label, and a bar for each of the best few labels.

    Args:
        images: decoded, ``uint8 (height, width, 3)`` of any sizes.
        answers: to the images, in their order.
        footer: one line below, such as the model's name and lineage.
    """
    return drawing.grid([_card(*pair) for pair in zip(images, answers, strict=True)], footer)


def _card(pixels: NDArray[np.uint8], answer: Answer, width: int = 360, shown: int = 3) -> Image.Image:
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
