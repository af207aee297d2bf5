"""Boxes as detectors learn them: overlap, matching to default boxes, and offsets. All TensorFlow, batch-wise.

A box is ``x_min, y_min, x_max, y_max`` in any one unit, float32. A truth is a box and a class index: `PADDING` is no
truth at all, `IGNORED` a region that is neither learned nor background.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import tensorflow as tf

PADDING, IGNORED = -1, -2
"""Class indices that name no class."""


@dataclass(frozen=True)
class Match:
    """What each default box is to learn.

    Attributes:
        truth: int32 (batch, boxes), the truth that it overlaps most.
        positive: bool (batch, boxes), whether it is matched to that truth.
        ignored: bool (batch, boxes), whether it is neither positive nor background.
    """

    truth: "tf.Tensor"
    positive: "tf.Tensor"
    ignored: "tf.Tensor"


def area(boxes: "tf.Tensor") -> "tf.Tensor":
    """Areas (...,) of boxes (..., 4); 0 where an edge lies on the wrong side."""
    import tensorflow as tf

    sides = tf.nn.relu(boxes[..., 2:] - boxes[..., :2])
    return sides[..., 0] * sides[..., 1]


def intersection(first: "tf.Tensor", second: "tf.Tensor") -> "tf.Tensor":
    """Common areas (..., n, m) of each of ``first`` (..., n, 4) with each of ``second`` (..., m, 4)."""
    import tensorflow as tf

    left, top, right, bottom = (
        pick(first[..., :, None, i], second[..., None, :, i])
        for i, pick in enumerate((tf.maximum, tf.maximum, tf.minimum, tf.minimum))
    )
    return tf.nn.relu(right - left) * tf.nn.relu(bottom - top)


def iou(first: "tf.Tensor", second: "tf.Tensor") -> "tf.Tensor":
    """Intersection over union (..., n, m) of each of ``first`` (..., n, 4) with each of ``second`` (..., m, 4)."""
    import tensorflow as tf

    common = intersection(first, second)
    return tf.math.divide_no_nan(common, area(first)[..., :, None] + area(second)[..., None, :] - common)


def match(defaults: "tf.Tensor", truths: "tf.Tensor", positive_iou: float = 0.5) -> Match:
    """Match ``defaults`` (boxes, 4) to ``truths`` (batch, objects, 5), boxes and their class index.

    Every truth takes the default box that it overlaps most, then each remaining default box takes the truth that it
    overlaps most if they overlap by more than ``positive_iou``. Of truths that want the same default box, the one
    with the largest overlap gets it. A default box is ignored if more than half of it lies in an ignored region.
    """
    import tensorflow as tf

    boxes, classes = truths[..., :4], truths[..., 4]
    overlaps = tf.where((classes >= 0)[..., None], iou(boxes, defaults), 0.0)  # (batch, objects, boxes)
    best = tf.one_hot(tf.argmax(overlaps, axis=-1), defaults.shape[0], on_value=True, off_value=False, dtype=tf.bool)
    taken = best & (overlaps > 0)
    wanted = tf.where(taken, overlaps + 1.0, overlaps)  # a truth's own default box beats any other overlap
    highest = tf.reduce_max(wanted, axis=1)
    inside = tf.math.divide_no_nan(intersection(boxes, defaults), area(defaults))
    covered = tf.reduce_any((inside > 0.5) & (classes == IGNORED)[..., None], axis=1)
    positive = highest > positive_iou
    return Match(tf.argmax(wanted, axis=1, output_type=tf.int32), positive, covered & ~positive)


def encode(boxes: "tf.Tensor", defaults: "tf.Tensor", variances: tuple[float, float] = (0.1, 0.2)) -> "tf.Tensor":
    """Offsets (..., 4) that lead from ``defaults`` to ``boxes``, both (..., 4).

    They are centre x and y in sides of the default box and the logarithms of width's and height's ratios, divided by
    the two ``variances``.
    """
    import tensorflow as tf

    sides = tf.maximum(boxes[..., 2:] - boxes[..., :2], 1e-6)
    default_sides = defaults[..., 2:] - defaults[..., :2]
    moved = (boxes[..., :2] + boxes[..., 2:] - defaults[..., :2] - defaults[..., 2:]) / 2 / default_sides
    return tf.concat([moved / variances[0], tf.math.log(sides / default_sides) / variances[1]], axis=-1)


def decode(offsets: "tf.Tensor", defaults: Any, variances: tuple[float, float] = (0.1, 0.2)) -> "tf.Tensor":
    """The boxes (..., 4) that `encode` made ``offsets`` of; sides are at most 1000 times the default box's."""
    import tensorflow as tf

    default_sides = defaults[..., 2:] - defaults[..., :2]
    centres = (defaults[..., :2] + defaults[..., 2:]) / 2 + offsets[..., :2] * variances[0] * default_sides
    halves = default_sides / 2 * tf.exp(tf.minimum(offsets[..., 2:] * variances[1], np.log(1000.0)))
    return tf.concat([centres - halves, centres + halves], axis=-1)


def grid_boxes(rows: int, shapes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes ``float32 (rows * rows * n, 4)``: each of ``shapes`` (n, 2), width and height, at each cell's centre.

    The image is the unit square, cut into ``rows`` x ``rows`` cells; cells go by row, then column, then shape.
    """
    centres = (np.arange(rows) + 0.5) / rows
    y, x = np.meshgrid(centres, centres, indexing="ij")
    middle = np.stack([x, y], axis=-1)[:, :, None, :]
    halves = np.asarray(shapes, np.float64) / 2
    return np.concatenate([middle - halves, middle + halves], axis=-1).reshape(-1, 4).astype(np.float32)
