"""Mask R-CNN as a Keras model: proposals, ROI Align, box and mask heads (He et al. 2017, arXiv:1703.06870).

Deviations, those of each model beside: fixed numbers of proposals and detections, so that every shape is fixed; no
gradient through the proposals' places (neither in the paper's code); slots of `sampling` that stay empty; boxes of
training are those of the visible pixels, since augmentation moves a map of object numbers.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from pipelines.nn.boxes import decode, encode
from pipelines.nn.fpn import STRIDES
from pipelines.nn.proposals import LEAST, VARIANCES, anchors, propose, suppressed
from pipelines.nn.roi_align import assigned_levels, roi_align
from pipelines.tasks.instances import losses
from pipelines.tasks.instances.heads import BOX_SIDE, MASK_SIDE, box_head, mask_head, region_network, sides
from pipelines.tasks.instances.parameters import Parameters
from pipelines.tasks.instances.sampling import Sample, sample_anchors, sample_proposals
from pipelines.tasks.instances.truths import boxes_of, cropped_masks

LOSSES = ("objectness_loss", "proposal_loss", "class_loss", "box_loss", "mask_loss")


class MaskRCNN(keras.Model):
    """Prepared images float32 (batch, size, size, 3) -> the best objects of each, in the prepared image's pixels.

    ``boxes`` float32 (batch, detections, 4), ``scores`` (batch, detections) falling, ``classes`` int32, ``masks``
    float32 (batch, detections, 28, 28), probabilities on the box's grid; rows of score 0 hold no object. Called with
    ``training=True`` it gives the region network's own outputs, which its loss begins with.

    Its targets are ``ids`` int32 (batch, size, size), the number from 1 of the object that each pixel shows, and
    ``labels`` int32 (batch, objects), the class of each, `IGNORED` or `PADDING`.

    Args:
        backbone: images -> maps of strides 4, 8, 16 and 32.
        parameters: of the model.
        classes: how many there are.
    """

    def __init__(self, backbone: keras.Model, parameters: Parameters, classes: int) -> None:
        super().__init__(name=parameters.model)
        self.parameters, self.classes = parameters, classes
        self.regions = region_network(backbone, parameters)
        self.box_head = box_head(parameters, classes)
        self.mask_head = mask_head(parameters, classes)
        scales = [parameters.anchor * 2**level for level in range(len(STRIDES))]
        self.anchors = anchors(parameters.size, sides(self.regions), scales, parameters.ratios)
        self.parts = [keras.metrics.Mean(name) for name in LOSSES]
        self.built, self.supports_jit = True, False  # XLA has no combined non-maximum suppression

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """Every layer of its networks, none inside another, so that given weights find their places."""
        return [leaf for network in (self.regions, self.box_head, self.mask_head) for leaf in _leaves(network)]

    def call(self, images: Any, training: bool = False) -> Any:
        """See the class."""
        found = self.regions(images, training=training)
        return found if training else self._detect(found)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The sum of the five losses (); a step's draws depend on the seed and on how many steps were made."""
        found = y_pred if "levels" in y_pred else self.regions(x, training=training)
        boxes, labels = boxes_of(tf.cast(y["ids"], tf.int32), tf.cast(y["labels"], tf.int32))
        step = tf.cast(self.optimizer.iterations, tf.int64) if training else tf.constant(0, tf.int64)
        key = tf.stack([tf.constant(2 * self.parameters.seed, tf.int64), step])
        parts = [
            *self._region_losses(found, boxes, labels, key),
            *self._head_losses(found, y["ids"], boxes, labels, key + tf.constant([1, 0], tf.int64)),
        ]
        for metric, part in zip(self.parts, parts, strict=True):
            metric.update_state(part)
        return tf.add_n(parts)

    def _region_losses(self, found: Any, boxes: Any, labels: Any, key: Any) -> list[Any]:
        every = tf.concat([tf.constant(each) for each in self.anchors], axis=0)
        slots = min(self.parameters.anchor_samples, int(every.shape[0]))
        sample = sample_anchors(every, boxes, labels, slots, key)
        logits = tf.gather(tf.concat(found["objectness"], axis=1), sample.chosen, batch_dims=1)
        offsets = tf.gather(tf.concat(found["offsets"], axis=1), sample.chosen, batch_dims=1)
        wanted = encode(_picked(boxes, sample.truth), tf.gather(every, sample.chosen), VARIANCES)
        ones, used = _objects(sample), sample.used
        return [
            losses.objectness(logits, ones, used),
            losses.smooth_l1(offsets, wanted, ones * used, 1 / 9, tf.reduce_sum(used)),
        ]

    def _head_losses(self, found: Any, ids: Any, boxes: Any, labels: Any, key: Any) -> list[Any]:
        proposals, there = self._propose(found)
        proposals, there = tf.concat([proposals, boxes], axis=1), tf.concat([there, labels >= 0], axis=1)
        slots = min(self.parameters.box_samples, self.parameters.proposals)
        sample = sample_proposals(proposals, there, boxes, labels, slots, key)
        chosen, ones = _picked(proposals, sample.chosen), _objects(sample)
        label = tf.maximum(tf.gather(labels, sample.truth, batch_dims=1), 0)
        logits, offsets = self._judge(found["levels"], chosen)
        own = tf.reduce_sum(offsets * tf.one_hot(label, self.classes)[..., None], axis=2)
        wanted = encode(_picked(boxes, sample.truth), chosen)
        positives = slice(0, sample.positives)
        return [
            losses.classification(logits, tf.where(ones > 0, label, self.classes), sample.used),
            losses.smooth_l1(own, wanted, ones * sample.used, 1.0, tf.reduce_sum(sample.used)),
            losses.masks(
                self._masks(found["levels"], chosen[:, positives], label[:, positives]),
                cropped_masks(tf.cast(ids, tf.int32), chosen[:, positives], sample.truth[:, positives], 2 * MASK_SIDE),
                sample.used[:, positives],
            ),
        ]

    def _propose(self, found: Any) -> tuple[Any, Any]:
        p = self.parameters
        return propose(
            found["objectness"], found["offsets"], self.anchors, p.size, p.candidates, p.proposals, p.proposal_overlap
        )

    def _align(self, levels: Any, boxes: Any, side: int) -> Any:
        """Features (batch * boxes, side, side, channels); P6 is for proposals alone."""
        assigned = assigned_levels(boxes, self.parameters.canonical, len(levels) - 1)
        found = roi_align(levels[:-1], STRIDES[:-1], boxes, assigned, side)
        return tf.reshape(found, [-1, side, side, found.shape[-1]])

    def _judge(self, levels: Any, boxes: Any) -> tuple[Any, Any]:
        """Class logits (batch, boxes, classes + 1) and offsets (batch, boxes, classes, 4), float32."""
        logits, offsets = self.box_head(self._align(levels, boxes, BOX_SIDE))
        shape = [tf.shape(boxes)[0], int(boxes.shape[1])]
        return (
            tf.reshape(logits, [*shape, self.classes + 1]),
            tf.reshape(offsets, [*shape, self.classes, 4]),
        )

    def _masks(self, levels: Any, boxes: Any, classes: Any) -> Any:
        """Mask logits float32 (batch, boxes, 28, 28) of one class for each box."""
        every = self.mask_head(self._align(levels, boxes, MASK_SIDE))
        own = tf.one_hot(tf.reshape(classes, [-1]), self.classes)
        found = tf.reduce_sum(every * own[:, None, None, :], axis=-1)
        return tf.reshape(found, [tf.shape(boxes)[0], int(boxes.shape[1]), 2 * MASK_SIDE, 2 * MASK_SIDE])

    def _detect(self, found: Any) -> dict[str, Any]:
        p = self.parameters
        proposals, there = self._propose(found)
        logits, offsets = self._judge(found["levels"], proposals)
        boxes = tf.clip_by_value(decode(offsets, proposals[:, :, None]), 0.0, float(p.size))
        sized = tf.reduce_all(boxes[..., 2:] - boxes[..., :2] >= LEAST, axis=-1)
        scores = tf.where(sized & there[..., None], tf.nn.softmax(logits)[..., :-1], 0.0)
        best_boxes, best_scores, classes = suppressed(boxes, scores, p.size, p.detections, p.overlap, p.least_score)
        masks = tf.sigmoid(self._masks(found["levels"], best_boxes, classes))
        return {
            "boxes": best_boxes,
            "scores": best_scores,
            "classes": classes,
            "masks": tf.where(best_scores[..., None, None] > 0, masks, 0.0),
        }


def _leaves(network: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in network.layers:
        yield from _leaves(layer) if isinstance(layer, keras.Model) else (layer,)


def _picked(boxes: Any, chosen: Any) -> Any:
    return tf.gather(boxes, chosen, batch_dims=1)


def _objects(sample: Sample) -> Any:
    """1 in the slots for objects, 0 in those for background, float32 (batch, slots)."""
    line = tf.range(sample.used.shape[1]) < sample.positives
    return tf.broadcast_to(tf.cast(line, tf.float32), tf.shape(sample.used))
