"""Objects in the prepared frame: a map of object numbers, and back to the original's pixels from boxes and masks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.nn.boxes import IGNORED
from pipelines.nn.prepare import steps
from pipelines.truth import Objects
from tatara.core.contract import ImagePreparation

if TYPE_CHECKING:
    import tensorflow as tf


def numbered(objects: Objects, preparation: ImagePreparation) -> NDArray[np.uint16]:
    """The number from 1 of the object at the middle of each prepared pixel ``uint16 (size, size)``; 0 where none is.

    The smaller of two objects lies on top, all of them on crowds.
    """
    masks = [objects.mask(position) for position in range(len(objects.labels))]
    found = np.zeros((objects.height, objects.width), np.uint16)
    for position in sorted(range(len(masks)), key=lambda i: (not objects.crowd[i], -int(masks[i].sum()), i)):
        found[masks[position] > 0] = position + 1
    middles = np.arange(preparation.size) + 0.5
    down, across = (np.floor(middles * step).astype(int) for step in steps(preparation, *found.shape))
    padded = np.pad(found, ((0, 1), (0, 1)))
    sampled: NDArray[np.uint16] = padded[np.minimum(down, objects.height)[:, None], np.minimum(across, objects.width)]
    return sampled


def label_numbers(objects: Objects, classes: Sequence[str]) -> list[int]:
    """The class index of each object; `IGNORED` for crowds."""
    index = {name: position for position, name in enumerate(classes)}
    return [
        IGNORED if crowd else index[label] for label, crowd in zip(objects.labels, objects.crowd, strict=True)
    ]  # fmt: skip


def finished(outputs: Mapping[str, Any], size: "tf.Tensor", preparation: ImagePreparation) -> dict[str, Any]:
    """The objects of one image in its own pixels: ``boxes``, ``scores``, ``classes`` and ``masks`` uint8 0 or 1
    (detections, height, width), cut to how many there are.

    A pixel of the original belongs to an object if its middle lies in the box and the 28 x 28 probabilities, bilinear
    between the middles of their cells, exceed one half there.

    Args:
        outputs: as `rcnn.MaskRCNN` has them, without the batch axis.
        size: int32 (2,), height and width of the original.
        preparation: by which the original became the prepared frame.
    """
    import tensorflow as tf

    height, width = tf.unstack(tf.cast(size, tf.float32))
    step_y, step_x = steps(preparation, height, width)
    count = tf.reduce_sum(tf.cast(outputs["scores"] > 0, tf.int32))
    scaled = outputs["boxes"][:count] * tf.stack([step_x, step_y, step_x, step_y])
    boxes = tf.clip_by_value(scaled, 0.0, tf.stack([width, height, width, height]))
    masks = outputs["masks"][:count]
    rows = _spread(boxes[:, 1], boxes[:, 3], size[0], int(masks.shape[1]))
    columns = _spread(boxes[:, 0], boxes[:, 2], size[1], int(masks.shape[2]))
    pasted = tf.matmul(tf.matmul(rows, masks), columns, transpose_b=True)
    return {
        "boxes": boxes,
        "scores": outputs["scores"][:count],
        "classes": outputs["classes"][:count],
        "masks": tf.cast(pasted > 0.5, tf.uint8),
    }


def _spread(low: "tf.Tensor", high: "tf.Tensor", length: "tf.Tensor", cells: int) -> "tf.Tensor":
    """Shares of each box's cells in each pixel along one axis, float32 (boxes, length, cells); 0 beyond the box."""
    import tensorflow as tf

    middles = tf.cast(tf.range(length), tf.float32) + 0.5
    sides = tf.maximum(high - low, 1e-6)
    part = (middles - low[:, None]) / sides[:, None]
    place = tf.clip_by_value(part * cells - 0.5, 0.0, float(cells - 1))
    shares = tf.nn.relu(1.0 - tf.abs(place[..., None] - tf.range(cells, dtype=tf.float32)))
    return shares * tf.cast((part >= 0.0) & (part < 1.0), tf.float32)[..., None]
