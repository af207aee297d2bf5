"""Classification: one label per example, with a probability for each class."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

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
