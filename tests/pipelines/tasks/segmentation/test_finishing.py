"""The answer in the original's pixels, against TensorFlow's own resize and as ONNX."""

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx

from pipelines.tasks.segmentation.finishing import enlarged_argmax
from tatara.core.contract import ImagePreparation

SIZES = [(16, 16), (40, 23), (7, 61), (1, 1)]
PROBABILITIES = np.random.default_rng(0).dirichlet(np.ones(5), (16, 16)).astype(np.float32)
PLANES = PROBABILITIES.transpose(2, 0, 1)


@pytest.mark.parametrize("size", SIZES)
def test_stretched_back_it_is_the_best_of_the_bilinear_probabilities(size: tuple[int, int]) -> None:
    labels, confidence = enlarged_argmax(PLANES, tf.constant(size), ImagePreparation(size=16))
    expected = np.asarray(tf.image.resize(PROBABILITIES, size))
    assert (labels.dtype, confidence.dtype) == (tf.uint8, tf.float32)
    np.testing.assert_array_equal(labels, expected.argmax(axis=-1))
    np.testing.assert_allclose(confidence, expected.max(axis=-1), atol=1e-5)


@pytest.mark.parametrize("size", [(40, 20), (20, 40)])
def test_the_padding_is_left_out(size: tuple[int, int]) -> None:
    padded = PROBABILITIES.copy()
    rows, columns = (16, 8) if size[0] > size[1] else (8, 16)
    padded[rows:], padded[:, columns:] = np.nan, np.nan
    found = enlarged_argmax(padded.transpose(2, 0, 1), tf.constant(size), ImagePreparation(size=16, resize="pad"))
    expected = np.asarray(tf.image.resize(PROBABILITIES[:rows, :columns], size))
    np.testing.assert_array_equal(found[0], expected.argmax(axis=-1))
    np.testing.assert_allclose(found[1], expected.max(axis=-1), atol=1e-5)


def test_the_first_of_equals_is_the_answer() -> None:
    labels, confidence = enlarged_argmax(
        np.full((3, 8, 8), 1 / 3, np.float32), tf.constant([9, 5]), ImagePreparation(size=8)
    )
    assert not np.any(labels)
    np.testing.assert_allclose(confidence, 1 / 3, rtol=1e-6)


@pytest.mark.parametrize("resize", ["stretch", "pad"])
def test_onnx_runtime_gives_the_same(resize: str) -> None:
    preparation = ImagePreparation.model_validate({"size": 16, "resize": resize})
    signature = [
        tf.TensorSpec((5, 16, 16), tf.float32, name="probabilities"),
        tf.TensorSpec((2,), tf.int32, name="size"),
    ]
    finish = tf.function(
        lambda probabilities, size: enlarged_argmax(probabilities, size, preparation), input_signature=signature
    )
    model, _ = tf2onnx.convert.from_function(finish, input_signature=signature, opset=18)
    assert {node.domain for node in model.graph.node} == {""}
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for size in SIZES:
        given = {"probabilities": PLANES, "size": np.array(size, np.int32)}
        for found, expected in zip(session.run(None, given), finish(*given.values()), strict=True):
            np.testing.assert_array_equal(found, expected)
