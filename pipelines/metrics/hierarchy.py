"""Distances between classes in a label hierarchy."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def lca_height(classes: Sequence[str], hierarchy: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
    """Height of the lowest common ancestor of each pair, float64 (classes, classes), 0 on the diagonal.

    Steps are counted from the deeper of the two labels up to the ancestor. Bertinetto et al. 2020, Making better
    mistakes: leveraging class hierarchies with deep networks, section 2.

    Args:
        classes: labels in the order of the result.
        hierarchy: label -> its ancestors from general to specific, the root (or the label) not needed.
    """
    lines = [(*hierarchy[label], label) for label in classes]
    heights = np.zeros((len(classes), len(classes)))
    for i, first in enumerate(lines):
        for j, second in enumerate(lines[:i]):
            shared = 0
            while shared < min(len(first), len(second)) and first[shared] == second[shared]:
                shared += 1
            heights[i, j] = heights[j, i] = max(len(first), len(second)) - shared
    return heights
