"""Whether two implementations of one classifier give the same answers."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Outputs = Mapping[str, NDArray[np.float32]]

METRIC = "accuracy"


def differences(expected: Outputs, actual: Outputs) -> NDArray[np.float64]:
    """Largest difference of probability ``float64 (examples,)``; NaN anywhere counts as infinite."""
    apart = np.abs(expected["probabilities"].astype(np.float64) - actual["probabilities"]).max(axis=1)
    return np.where(np.isnan(apart), np.inf, apart)


def decided_apart(expected: Outputs, actual: Outputs) -> NDArray[np.bool_]:
    """Where the best label differs, ``bool (examples,)``."""
    found: NDArray[np.bool_] = expected["probabilities"].argmax(axis=1) != actual["probabilities"].argmax(axis=1)
    return found


def ties(expected: Outputs, tolerance: float) -> NDArray[np.bool_]:
    """Where the two best probabilities are so near that ``tolerance`` on each may swap them, ``bool (examples,)``."""
    second, first = np.sort(expected["probabilities"], axis=1)[:, -2:].T
    found: NDArray[np.bool_] = first - second <= 2 * tolerance
    return found


def metric(outputs: Outputs, labels: Sequence[str], classes: Sequence[str]) -> float:
    """Accuracy, 0..1."""
    truth = np.array([classes.index(label) for label in labels])
    return float((outputs["probabilities"].argmax(axis=1) == truth).mean())
