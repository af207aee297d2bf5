"""How many examples go into one call of a model."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tatara.core.runtime import Runtime
from tests.services.model_folder import plain, write_converted


@pytest.mark.parametrize(("side", "at_once"), [(28, 32), (224, 6), (512, 1), (2000, 1)])
def test_fewer_examples_at_once_where_they_are_large(side: int, at_once: int, tmp_path: Path) -> None:
    folder = write_converted(tmp_path / "model")
    given = helper.make_tensor_value_info("batch", TensorProto.FLOAT, ["n", side, side, 3])
    means = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 3])
    nodes = [helper.make_node("ReduceMean", ["batch", "axes"], ["probabilities"], keepdims=0)]
    axes = onnx.numpy_helper.from_array(np.array([1, 2], np.int64), "axes")
    model = helper.make_model(
        helper.make_graph(nodes, "model", [given], [means], [axes]),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    )
    carried = onnx.load(folder / "model.onnx").metadata_props
    helper.set_model_props(model, {one.key: one.value for one in carried})
    onnx.save(model, folder / "model.onnx")

    assert Runtime(folder).at_once == at_once


def test_many_examples_are_asked_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = Runtime(write_converted(tmp_path / "model"))
    files = [plain(30 * shade, 200 - 20 * shade, 90) for shade in range(7)]
    whole = runtime.answer_files(files)
    sizes, infer = [], runtime.infer

    def counting(batch: np.ndarray) -> dict[str, np.ndarray]:
        sizes.append(len(batch))
        return infer(batch)

    monkeypatch.setattr(runtime, "infer", counting)
    runtime.at_once = 3
    apart = runtime.answer_files(files)

    assert sizes == [3, 3, 1]
    for one, other in zip(whole, apart, strict=True):
        np.testing.assert_allclose(one["probabilities"], other["probabilities"], atol=1e-6)


def test_a_call_that_has_every_core_answers_bit_for_bit_as_the_others(tmp_path: Path) -> None:
    runtime = Runtime(write_converted(tmp_path / "model"), threads=1, alone=2)
    batch = np.random.default_rng(0).random((1, *runtime.prepared_shape), np.float32)
    plain = runtime.infer(batch)["probabilities"]

    assert runtime.has_alone
    assert runtime.infer(batch, alone=True)["probabilities"].tobytes() == plain.tobytes()
    runtime.drop_alone()
    assert not runtime.has_alone
    assert runtime.infer(batch, alone=True)["probabilities"].tobytes() == plain.tobytes()
