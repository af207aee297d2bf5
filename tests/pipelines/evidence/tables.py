"""Predictions of two classifiers on the same examples, as runs keep them."""

from collections.abc import Sequence

import numpy as np
import pandas

LABELS = tuple("0123456789")


def predictions(truth: Sequence[str], right: np.ndarray, sure: float = 0.9) -> pandas.DataFrame:
    """One row an example; where it is wrong, the class after the true one is answered."""
    place = {label: at for at, label in enumerate(LABELS)}
    own = np.array([place[label] for label in truth])
    answers = np.where(right, own, (own + 1) % len(LABELS))
    probabilities = np.full((len(own), len(LABELS)), (1 - sure) / (len(LABELS) - 1))
    probabilities[np.arange(len(own)), answers] = sure
    head = pandas.DataFrame({
        "path": [f"test/{label}/{at:05}.png" for at, label in enumerate(truth)],
        "digest": [f"{at:064d}" for at in range(len(own))],
        "label": list(truth),
        "predicted": [LABELS[at] for at in answers],
        "score": probabilities.max(axis=1),
    })  # fmt: skip
    return pandas.concat([head, pandas.DataFrame(probabilities, columns=[f"p_{label}" for label in LABELS])], axis=1)


def planted(each: int, champion: float, loss: float, seed: int = 0) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """A challenger that mends half of the champion's mistakes, but loses ``loss`` of class 8.

    Args:
        each: examples of a class.
        champion: its accuracy in every class.
        loss: of accuracy in class 8.
        seed: of who is right where.
    """
    generator = np.random.default_rng(seed)
    truth = [label for label in LABELS for _ in range(each)]
    before = generator.random(len(truth)) < champion
    now = before | (generator.random(len(truth)) < 0.5)
    eights = np.array(truth) == "8"
    now[eights] = before[eights] & (generator.random(each) >= loss)
    return predictions(truth, now), predictions(truth, before)
