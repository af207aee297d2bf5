"""From a detector's raw outputs to boxes: first in the prepared frame, then in the original image's pixels."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.nn import boxes
from pipelines.nn.prepare import preparation_of, steps
from pipelines.tasks.detection.parameters import Parameters

if TYPE_CHECKING:
    import tensorflow as tf


def detections(raw: "tf.Tensor", defaults: NDArray[np.float32], parameters: Parameters) -> dict[str, "tf.Tensor"]:
    """The surest boxes of each image, per class rid of those that overlap a surer one; padded with zeros.

    Looked at are the ``candidates`` whose best class stands out most from the background.

    Args:
        raw: a model's output (batch, boxes, 4 + 1 + classes).
        defaults: default boxes (boxes, 4) in the unit square.
        parameters: thresholds and numbers.

    Returns:
        ``boxes`` float32 (batch, max_detections, 4) in prepared pixels, ``scores`` float32 and ``classes`` int32
        (batch, max_detections) with falling scores; those of 0 are padding.
    """
    import tensorflow as tf

    raw = tf.cast(raw, tf.float32)
    # Softmax and non-maximum suppression of all boxes would take as long as a small model itself.
    margin = tf.reduce_max(raw[..., 5:], axis=-1) - raw[..., 4]
    _, surest = tf.math.top_k(margin, min(parameters.candidates, len(defaults)))
    chosen = tf.gather(raw, surest, batch_dims=1)
    scores = tf.nn.softmax(chosen[..., 4:], axis=-1)[..., 1:]
    found = boxes.decode(chosen[..., :4], tf.gather(tf.constant(defaults), surest))
    found = tf.clip_by_value(found, 0.0, 1.0)
    kept, kept_scores, classes, _ = tf.image.combined_non_max_suppression(
        found[:, :, None], scores, parameters.max_detections, parameters.max_detections, parameters.nms_iou,
        parameters.score_threshold, clip_boxes=False,
    )  # fmt: skip
    return {
        "boxes": kept * parameters.size,
        "scores": kept_scores,
        "classes": tf.cast(classes, tf.int32),
    }


def finished(outputs: Mapping[str, "tf.Tensor"], size: "tf.Tensor", parameters: Parameters) -> dict[str, "tf.Tensor"]:
    """One image's `detections`, without the batch axis, as boxes in its own pixels, cut at its border.

    Args:
        outputs: of `detections`.
        size: int32 (2,), height and width of the original.
        parameters: for the preparation.
    """
    import tensorflow as tf

    height, width = tf.unstack(tf.cast(size, tf.float32))
    down, across = steps(preparation_of(parameters), height, width)
    found = outputs["boxes"] * tf.stack([across, down, across, down])
    found = tf.clip_by_value(found, 0.0, tf.stack([width, height, width, height]))
    places = tf.where((outputs["scores"] > 0) & (boxes.area(found) > 0))[:, 0]
    return {
        "boxes": tf.gather(found, places),
        "scores": tf.gather(outputs["scores"], places),
        "classes": tf.gather(outputs["classes"], places),
    }
