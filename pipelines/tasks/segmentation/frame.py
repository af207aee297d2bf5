"""Label maps in the prepared frame."""

import numpy as np
from numpy.typing import NDArray

from pipelines.nn.prepare import steps
from pipelines.truth import IGNORE
from tatara.core.contract import ImagePreparation


def in_frame(labels: NDArray[np.uint8], preparation: ImagePreparation) -> NDArray[np.uint8]:
    """``labels`` (height, width) in the prepared frame (size, size): to each pixel what covers most of its area.

    The padding is ignored.
    """
    size = preparation.size
    if labels.shape == (size, size):
        return labels
    (height, width), (step_y, step_x) = labels.shape, steps(preparation, *labels.shape)
    rows, columns = _coverage(height, float(step_y), size), _coverage(width, float(step_x), size)

    def share(value: int) -> NDArray[np.float32]:
        found: NDArray[np.float32] = rows @ (labels == value).astype(np.float32) @ columns.T
        return found

    most = 1 - np.outer(rows.sum(axis=1), columns.sum(axis=1)) + share(IGNORE)
    result = np.full((size, size), IGNORE, np.uint8)
    for value in np.unique(labels[labels != IGNORE]):
        found = share(value)
        result[found > most] = value
        most = np.maximum(found, most)
    return result


def _coverage(length: int, step: float, size: int) -> NDArray[np.float32]:
    """How much of each prepared pixel each of ``length`` pixels covers, along one axis: float32 (size, length)."""
    begin, original = np.arange(size)[:, None] * step, np.arange(length)[None, :]
    common = np.minimum(begin + step, original + 1) - np.maximum(begin, original)
    return np.asarray(common.clip(min=0) / step, np.float32)
