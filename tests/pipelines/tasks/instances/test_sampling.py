"""Which boxes a step learns from."""

import numpy as np
import tensorflow as tf

from pipelines.nn.boxes import IGNORED, PADDING
from pipelines.tasks.instances.sampling import Sample, sample_anchors, sample_proposals

KEY = tf.constant([0, 7], tf.int64)
TRUTH = tf.constant([[[0.0, 0.0, 10.0, 10.0], [40.0, 40.0, 60.0, 60.0], [80.0, 80.0, 100.0, 100.0], [0.0] * 4]])
LABELS = tf.constant([[3, 5, IGNORED, PADDING]])


def _chosen(sample: Sample) -> tuple[dict[int, int], set[int]]:
    """Positive box -> object, and the negative boxes."""
    chosen, truth = sample.chosen[0].numpy(), sample.truth[0].numpy()
    used = np.flatnonzero(sample.used[0].numpy())
    positive = {int(chosen[i]): int(truth[i]) for i in used if i < sample.positives}
    return positive, {int(chosen[i]) for i in used if i >= sample.positives}


def test_anchors_are_chosen_by_the_papers_overlaps() -> None:
    anchors = tf.constant(
        [
            [0.0, 0.0, 10.0, 8.0],  # 0.8 of the first object
            [0.0, 0.0, 10.0, 5.0],  # 0.5: neither
            [40.0, 40.0, 60.0, 50.0],  # 0.5, and no anchor overlaps the second object more
            [81.0, 81.0, 99.0, 99.0],  # in the ignored region
            [20.0, 20.0, 30.0, 30.0],
        ]
    )
    sample = sample_anchors(anchors, TRUTH, LABELS, 4, KEY)
    assert sample.positives == 2
    assert _chosen(sample) == ({0: 0, 2: 1}, {4})


def test_proposals_are_objects_from_half_an_overlap_on() -> None:
    proposals = tf.constant([[
        [0.0, 0.0, 10.0, 5.0], [0.0, 0.0, 10.0, 4.9], [40.0, 40.0, 60.0, 60.0], [85.0, 85.0, 95.0, 95.0],
        [20.0, 20.0, 30.0, 30.0], [0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 10.0],
    ]])  # fmt: skip
    there = tf.constant([[True, True, True, True, True, False, True, False]])
    sample = sample_proposals(proposals, there, TRUTH, LABELS, 8, KEY)
    positive, negative = _chosen(sample)
    assert sample.positives == 2
    assert len(positive) == 2  # of three
    assert positive.items() <= {0: 0, 2: 1, 6: 0}.items()
    assert negative == {1, 4}


def test_a_draw_depends_on_the_key_alone() -> None:
    anchors = tf.constant(np.random.default_rng(0).random((200, 4)) * 5 + [20, 20, 30, 30], tf.float32)

    def drawn(step: int) -> list[int]:
        sample = sample_anchors(anchors, TRUTH, LABELS, 16, tf.constant([1, step], tf.int64))
        return [int(position) for position in sample.chosen[0]]

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)
    assert len(set(drawn(3)[8:])) == 8


def test_an_image_without_objects_is_background() -> None:
    anchors = tf.constant([[0.0, 0.0, 9.0, 9.0], [5.0, 5.0, 9.0, 9.0]])
    sample = sample_anchors(anchors, tf.zeros((1, 1, 4)), tf.constant([[PADDING]]), 2, KEY)
    positive, negative = _chosen(sample)
    assert positive == {}
    assert len(negative) == 1
