"""Marked objects in the prepared frame."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.nn.boxes import IGNORED, PADDING
from pipelines.nn.prepare import steps
from pipelines.truth import Objects
from tatara.core.contract import ImagePreparation


def in_frame(marked: Sequence[Objects], classes: Sequence[str], preparation: ImagePreparation) -> NDArray[np.float32]:
    """Truths ``float32 (images, objects, 5)``, boxes in the unit square of the prepared frame and class indices.

    They are padded to the image with most objects. Crowds become ignored regions.
    """
    index = {name: position for position, name in enumerate(classes)}
    found = np.zeros((len(marked), max([1, *(len(each.labels) for each in marked)]), 5), np.float32)
    found[..., 4] = PADDING
    for row, each in zip(found, marked, strict=True):
        count = len(each.labels)
        down, across = steps(preparation, each.height, each.width)
        row[:count, :4] = each.boxes / (np.array([across, down, across, down]) * preparation.size)
        indices = np.array([index[name] for name in each.labels], np.float32)
        row[:count, 4] = np.where(each.crowd, IGNORED, indices)
    return found
