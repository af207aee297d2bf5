"""From marked objects to targets, and from raw outputs to boxes in the original's pixels."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx

from pipelines.nn import boxes
from pipelines.nn.boxes import IGNORED, PADDING
from pipelines.parameters import resolve
from pipelines.tasks.detection import task
from pipelines.tasks.detection.truths import in_frame
from pipelines.truth import Objects
from tatara.core.boxes import matched
from tatara.core.contract import ImagePreparation

CLASSES = ("cat", "dog")
PARAMETERS = resolve(
    "detection", {"data": "d", "model": "ssd_mobilenet", "size": 64, "max_detections": 5, "resize": "pad"}
)
DEFAULTS = task.default_boxes(PARAMETERS)


def objects(rows: list[tuple[float, ...]], labels: tuple[str, ...], crowd: list[bool], side: int = 100) -> Objects:
    found = np.array(rows, np.float64).reshape(-1, 4)
    return Objects(found, labels, np.array(crowd, bool), (None,) * len(labels), 2 * side, side)


def raw_outputs(truths: list[tuple[float, ...]], scores: list[float]) -> "tf.Tensor":
    """What a model would say that finds each of ``truths`` (box in the unit square, class) at its best default box."""
    raw = np.zeros((1, len(DEFAULTS), 7), np.float32)
    raw[..., 4] = 12
    for truth, score in zip(truths, scores, strict=True):
        box = tf.constant([truth[:4]], tf.float32)
        at = int(tf.argmax(boxes.iou(box, tf.constant(DEFAULTS))[0]))
        raw[0, at, :4] = boxes.encode(box, tf.constant(DEFAULTS[at : at + 1]))[0]
        raw[0, at, 4:] = [np.log(1 - score), -20, -20]
        raw[0, at, 5 + int(truth[4])] = np.log(score)
    return tf.constant(raw)


def test_truths_are_in_the_prepared_frame() -> None:
    marked = [
        objects([(0, 0, 200, 100), (20, 10, 40, 30)], ("dog", "cat"), [False, True]),
        objects([], (), []),
    ]
    stretched = in_frame(marked, CLASSES, ImagePreparation(size=50, resize="stretch"))
    np.testing.assert_allclose(stretched[0], [[0, 0, 1, 1, 1], [0.1, 0.1, 0.2, 0.3, IGNORED]], atol=1e-6)
    np.testing.assert_array_equal(stretched[1, :, 4], [PADDING, PADDING])
    padded = in_frame(marked, CLASSES, ImagePreparation(size=50, resize="pad"))
    np.testing.assert_allclose(padded[0], [[0, 0, 1, 0.5, 1], [0.1, 0.05, 0.2, 0.15, IGNORED]], atol=1e-6)
    assert in_frame([objects([], (), [])], CLASSES, ImagePreparation(size=50)).shape == (1, 1, 5)


def test_boxes_come_back_in_the_originals_pixels_surest_first_cut_at_the_border() -> None:
    truths = [(0.1, 0.1, 0.3, 0.3, 0), (0.5, 0.2, 0.9, 0.6, 1), (0.1, 0.1, 0.4, 0.24, 1)]
    found = task.decode(raw_outputs(truths, [0.6, 0.9, 0.3]), PARAMETERS)
    assert {name: tuple(value.shape[1:]) for name, value in found.items()} == task.output_shapes(PARAMETERS, 2)
    np.testing.assert_allclose(found["scores"][0], [0.9, 0.6, 0.3, 0, 0], atol=1e-5)
    np.testing.assert_array_equal(found["classes"][0, :3], [1, 0, 1])
    np.testing.assert_allclose(found["boxes"][0, 0], np.array(truths[1][:4]) * 64, atol=1e-3)
    one = {name: value[0] for name, value in found.items()}
    answer = task.finish(one, tf.constant([100, 200]), PARAMETERS)  # 200 pixels are the frame's side
    assert set(answer) == set(task.finished_shapes(2))
    expected = [[100, 40, 180, 100], [20, 20, 60, 60], [20, 20, 80, 48]]
    np.testing.assert_allclose(answer["boxes"], expected, atol=1e-2)
    np.testing.assert_allclose(answer["scores"], [0.9, 0.6, 0.3], atol=1e-5)
    below = task.finish(one, tf.constant([19, 200]), PARAMETERS)  # all three lie in the padding
    assert below["boxes"].shape == (0, 4)


def test_of_boxes_of_a_class_that_overlap_the_surest_stays() -> None:
    truths = [(0.1, 0.1, 0.4, 0.4, 0), (0.14, 0.14, 0.44, 0.44, 0), (0.6, 0.6, 0.9, 0.9, 0)]
    assert float(boxes.iou(tf.constant([truths[0][:4]]), tf.constant([truths[1][:4]]))[0, 0]) > 0.45
    scores = np.asarray(task.decode(raw_outputs(truths, [0.5, 0.8, 0.7]), PARAMETERS)["scores"][0])
    np.testing.assert_allclose(scores, [0.8, 0.7, 0, 0, 0], atol=1e-5)


def test_onnx_runtime_finds_the_same_boxes() -> None:
    random = np.random.default_rng(0)
    raw = random.normal(size=(3, len(DEFAULTS), 7)).astype(np.float32) * [1, 1, 1, 1, 3, 3, 3]
    signature = [tf.TensorSpec((None, *raw.shape[1:]), tf.float32, name="raw")]
    decode = tf.function(lambda raw: task.decode(raw, PARAMETERS), input_signature=signature, autograph=False)
    model, _ = tf2onnx.convert.from_function(decode, signature, opset=18)
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, {"raw": raw.astype(np.float32)}), strict=True))
    expected = {name: value.numpy() for name, value in decode(raw.astype(np.float32)).items()}
    for image in range(3):
        sides = [(each["boxes"][image].astype(np.float64), each["classes"][image]) for each in (expected, found)]
        pairs = matched(*sides[0], *sides[1])
        assert len(pairs) == PARAMETERS.max_detections
        for one, other in pairs:
            np.testing.assert_allclose(sides[0][0][one], sides[1][0][other], atol=1e-3)
            assert abs(expected["scores"][image, one] - found["scores"][image, other]) < 1e-5


def test_a_model_that_finds_nothing_or_never_one_of_the_classes_is_named() -> None:
    targets = np.array([[[0.1, 0.1, 0.3, 0.3, 0], [0.5, 0.2, 0.9, 0.6, 1]]], np.float32)
    both = raw_outputs([(0.1, 0.1, 0.3, 0.3, 0), (0.5, 0.2, 0.9, 0.6, 1)], [0.6, 0.5]).numpy()
    assert task.symptoms(both, targets, CLASSES) == []
    (found,) = task.symptoms(raw_outputs([(0.1, 0.1, 0.3, 0.3, 0)], [0.6]).numpy(), targets, CLASSES)
    assert "never found" in found
    assert found.endswith("dog")
    (found,) = task.symptoms(raw_outputs([], []).numpy(), targets, CLASSES)
    assert "no object is found" in found
    assert task.symptoms(both, np.full_like(targets, PADDING), CLASSES) == []


def test_augmentation_moves_truths_with_images_and_is_the_same_again() -> None:
    augment = task.augmentation(PARAMETERS)
    images = tf.random.stateless_uniform([8, 64, 64, 3], [0, 0], -1, 1)
    truths = tf.constant(np.tile([[[0.2, 0.2, 0.7, 0.7, 1]]], (8, 1, 1)), tf.float32)
    first, second = (augment(images, truths, tf.constant(4, tf.int64)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.allclose(first[1], truths)
    still = PARAMETERS.model_copy(update={"flip": "none", "zoom_out": 1.0, "crop": 1.0, "colour": 0.0})
    assert task.augmentation(still) is None


@pytest.mark.parametrize(
    "asked",
    [{"rotate": 0.1}, {"shift": 0.2}, {"zoom": 0.3}, {"quarter_turns": True}, {"flip": "both"}, {"mosaic": 1.0}],
)
def test_each_augmentation_can_be_asked_for_by_itself(asked: dict[str, Any]) -> None:
    still = {"flip": "none", "zoom_out": 1.0, "crop": 1.0, "colour": 0.0}
    augment = task.augmentation(PARAMETERS.model_copy(update={**still, **asked}))
    images = tf.random.stateless_uniform([8, 64, 64, 3], [0, 0], -1, 1)
    truths = tf.constant(np.tile([[[0.2, 0.3, 0.4, 0.7, 1], [0, 0, 0, 0, PADDING]]], (8, 1, 1)), tf.float32)
    moved, found = augment(images, truths, tf.constant(4, tf.int64))
    assert not np.allclose(moved, images)
    kept = np.asarray(found)[found[..., 4] >= 0]
    assert len(np.unique(kept, axis=0)) > 1
    loss = task.loss(PARAMETERS, truths, 2)(found, tf.zeros((8, len(DEFAULTS), 7)))
    assert np.isfinite(loss).all()


def test_the_picture_of_samples_is_written(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    truths = np.array([[[0.1, 0.1, 0.5, 0.5, 0], [0.4, 0.2, 0.9, 0.8, IGNORED]]] * 3, np.float32)
    path = tmp_path / "plots" / "samples.png"
    task.sample_picture(path, random.random((3, 32, 32, 3), np.float32), truths, CLASSES, "samples")
    assert path.stat().st_size > 5000
