"""What ONNX Runtime is told to run on: all of it that can be known without a GPU."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from tatara.core import providers
from tatara.core.errors import RefusedError
from tatara.core.providers import CUDA, TENSORRT, Bound, Gpu
from tatara.core.runtime import Runtime
from tests.services.model_folder import write_converted

INPUTS = {"prepared": (224, 224, 3)}
WITHOUT = pytest.mark.skipif(CUDA in onnxruntime.get_available_providers(), reason="a GPU is here")


def test_a_gpus_memory_and_number_go_to_the_cuda_provider() -> None:
    ((name, options),) = Gpu(device=1, memory=512).providers(INPUTS)

    assert name == CUDA
    assert (options["device_id"], options["gpu_mem_limit"], options["use_tf32"]) == ("1", str(512 * 2**20), "0")
    assert "gpu_mem_limit" not in Gpu().providers(INPUTS)[0][1]


def test_tensorrt_comes_before_cuda_and_keeps_its_engines(tmp_path: Path) -> None:
    (first, options), (second, _) = Gpu(device=2, engines=tmp_path, most=4).providers(INPUTS)

    assert (first, second) == (TENSORRT, CUDA)
    assert (options["trt_engine_cache_enable"], options["trt_engine_cache_path"]) == ("1", str(tmp_path))
    assert options["device_id"] == "2"
    assert options["trt_profile_min_shapes"] == "prepared:1x224x224x3"
    assert options["trt_profile_max_shapes"] == "prepared:4x224x224x3"


@WITHOUT
@pytest.mark.parametrize(("engines", "missing"), [(None, "CUDA"), (Path("engines"), "Tensorrt")])
def test_a_provider_that_is_not_built_in_is_refused(engines: Path | None, missing: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=f"gpu=true, but this ONNX Runtime has no {missing} provider"):
        Runtime(write_converted(tmp_path / "model"), Gpu(engines=engines))


@WITHOUT
def test_a_session_that_fell_back_to_the_cpu_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the driver is missing: the provider is in the build, and ONNX Runtime goes on without it."""
    folder = write_converted(tmp_path / "model")
    monkeypatch.setattr(providers.onnxruntime, "get_available_providers", lambda: [CUDA, "CPUExecutionProvider"])

    with pytest.raises(RefusedError, match=r"gpu=true, but model\.onnx runs on CPUExecutionProvider"):
        Runtime(folder, Gpu())


def test_bound_buffers_give_what_a_plain_call_gives() -> None:
    given = helper.make_tensor_value_info("given", TensorProto.FLOAT, ["n", 3])
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in ("twice", "less")]
    nodes = [helper.make_node("Add", ["given", "given"], ["twice"]), helper.make_node("Neg", ["given"], ["less"])]
    model = helper.make_model(
        helper.make_graph(nodes, "both", [given], outputs), opset_imports=[helper.make_opsetid("", 18)], ir_version=10
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    bound = Bound(session, "cpu")

    for rows in (2, 1, 2):  # a size that comes again finds its buffer with other numbers in it
        batch = np.random.default_rng(rows).random((rows, 3), np.float32)
        less, twice = bound.run(["less", "twice"], batch)
        np.testing.assert_array_equal(twice, 2 * batch)
        np.testing.assert_array_equal(less, -batch)
