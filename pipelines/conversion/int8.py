"""Static int8 quantization of ``model.onnx``: QuantizeLinear/DequantizeLinear pairs, weights per channel."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.conversion.canonical import walk
from pipelines.conversion.export import stamp
from pipelines.examples import Example, diverse
from tatara.core.progress import progress
from tatara.core.runtime import Runtime

CALIBRATION = 128
FILE = "model.int8.onnx"
_FLOAT = ("Softmax", "Sigmoid", "Resize")
"""Operators that stay in float32: 8 bits are too few for a probability."""


def write_int8(folder: Path, training: Sequence[Example]) -> None:
    """Write `FILE` beside ``model.onnx``, its ranges from training images that go through ``prepare.onnx``."""
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    runtime = Runtime(folder)
    examples = diverse(list(training), CALIBRATION)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        ready, quantized = Path(scratch, "ready.onnx"), Path(scratch, "int8.onnx")
        quant_pre_process(folder / "model.onnx", ready, skip_symbolic_shape=True)
        model = onnx.load(ready)
        kept = [node.name for node in walk(model.graph) if node.op_type in _FLOAT]
        quantize_static(
            model, quantized, _Reader(_prepared(runtime, examples)), QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=kept,
        )  # fmt: skip
        stamp(onnx.load(quantized), runtime.contract, folder / FILE)
    Runtime(folder, model_file=FILE)


def _prepared(runtime: Runtime, examples: Sequence[Example]) -> Iterator[NDArray[np.float32]]:
    for example in progress(examples, len(examples), "int8: calibrate"):
        yield runtime.prepare(example.pixels())[None]


class _Reader:
    """The form in which ONNX Runtime's calibration asks for inputs."""

    def __init__(self, batches: Iterator[NDArray[np.float32]]) -> None:
        self._batches = batches

    def get_next(self) -> dict[str, Any] | None:
        """The next input, or None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {"prepared": batch}
