"""What the batch model runs on: ONNX Runtime's execution providers with their options."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tatara.core.errors import RefusedError

CUDA, TENSORRT, CPU = "CUDAExecutionProvider", "TensorrtExecutionProvider", "CPUExecutionProvider"

Provider = tuple[str, dict[str, str]]


@dataclass(frozen=True)
class Gpu:
    """One GPU, and how it is used. A process uses one.

    Attributes:
        device: number of the GPU.
        memory: MiB of its memory that ONNX Runtime's arena may take; 0 for all of it.
        engines: folder that TensorRT keeps what it built for this GPU in; None for the CUDA provider alone.
            Experimental: it has not been run on a GPU yet.
        most: examples in the largest batch, which TensorRT builds for.
    """

    device: int = 0
    memory: int = 0
    engines: Path | None = None
    most: int = 8

    def providers(self, inputs: dict[str, tuple[int, ...]]) -> list[Provider]:
        """The providers in the order in which a node is offered to them.

        The figures are those of float32 as on the CPU: without TF32, whose products have ten bits. Algorithms are
        chosen by cuDNN's heuristics, since a search would stop the service at each new size of a batch.

        Args:
            inputs: name of the model's input -> its shape after the batch axis.
        """
        options = {
            "device_id": str(self.device),
            "arena_extend_strategy": "kSameAsRequested",
            "cudnn_conv_algo_search": "HEURISTIC",
            "use_tf32": "0",
        }
        limit = {"gpu_mem_limit": str(self.memory * 2**20)} if self.memory else {}
        cuda = (CUDA, options | limit)
        return [cuda] if self.engines is None else [(TENSORRT, self._tensorrt(self.engines, inputs)), cuda]

    def _tensorrt(self, engines: Path, inputs: dict[str, tuple[int, ...]]) -> dict[str, str]:
        def shapes(batch: int) -> str:
            return ",".join(f"{name}:{'x'.join(map(str, (batch, *shape)))}" for name, shape in inputs.items())

        workspace = {"trt_max_workspace_size": str(self.memory * 2**20)} if self.memory else {}
        return {
            "device_id": str(self.device),
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": str(engines),
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": str(engines),
            "trt_fp16_enable": "0",
            "trt_profile_min_shapes": shapes(1),
            "trt_profile_opt_shapes": shapes(self.most),
            "trt_profile_max_shapes": shapes(self.most),
            **workspace,
        }


def require(providers: list[Provider]) -> None:
    """Refuse what this ONNX Runtime was built without.

    Raises:
        RefusedError: a provider is not in this build.
    """
    here = onnxruntime.get_available_providers()
    for name, _ in providers:
        if name not in here:
            short = name.removesuffix("ExecutionProvider")
            raise RefusedError(f"gpu=true, but this ONNX Runtime has no {short} provider; install the gpu-serve lock")


class Bound:
    """A session's calls through buffers that lie on its device: a batch is copied there once, the outputs back once.

    For one thread at a time. On the CPU it saves nothing: tensors are passed there without a copy anyway.

    Args:
        session: whose input and outputs are bound.
        device: ``cuda`` or ``cpu``, and its number.
    """

    def __init__(self, session: onnxruntime.InferenceSession, device: str, number: int = 0) -> None:
        self._session, self._device, self._number = session, device, number
        self._name = session.get_inputs()[0].name
        self._buffers: dict[tuple[int, ...], Any] = {}

    def run(self, outputs: list[str], batch: NDArray[np.float32]) -> list[NDArray[Any]]:
        """The named outputs for a batch."""
        batch = np.ascontiguousarray(batch)
        value = self._buffers.get(batch.shape)
        if value is None:
            value = onnxruntime.OrtValue.ortvalue_from_numpy(batch, self._device, self._number)
            self._buffers[batch.shape] = value
        else:
            value.update_inplace(batch)
        binding = self._session.io_binding()
        binding.bind_ortvalue_input(self._name, value)
        for name in outputs:
            binding.bind_output(name, self._device, self._number)
        self._session.run_with_iobinding(binding)
        found: list[NDArray[Any]] = binding.copy_outputs_to_cpu()
        return found
