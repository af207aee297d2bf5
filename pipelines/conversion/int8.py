"""Static int8 quantization of ``model.onnx``: QuantizeLinear/DequantizeLinear pairs, weights per channel."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.conversion.canonical import walk
from pipelines.conversion.export import stamp
from pipelines.examples import Example, diverse
from tatara.core.files import read_json, write_json
from tatara.core.kinds import furthest
from tatara.core.progress import progress
from tatara.core.runtime import INT8, Runtime

if TYPE_CHECKING:
    import onnx

CALIBRATION = 128
FILE = INT8
HEADROOM = 2.0
"""Times what int8 costs here: without dot products of bytes (VNNI) a processor's sums of them saturate earlier."""
_FLOAT = ("Softmax", "Sigmoid", "Resize")
"""Operators that stay in float32: 8 bits are too few for a probability."""


def write_int8(folder: Path, training: Sequence[Example]) -> None:
    """Write `FILE` as `quantize` does, and tell the golden cases, which are there, how far it may lie from them."""
    quantize(folder, training)
    _allow(Runtime(folder, model_file=FILE), folder / "golden")


def quantize(folder: Path, training: Sequence[Example]) -> None:
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
        kept = [node.name for node in walk(model.graph) if node.op_type in _FLOAT] + before_logarithms(model.graph)
        quantize_static(
            model, quantized, _Reader(_prepared(runtime, examples)), QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=kept,
        )  # fmt: skip
        stamp(onnx.load(quantized), runtime.contract, folder / FILE)


def before_logarithms(graph: "onnx.GraphProto") -> list[str]:
    """Names of the nodes that a logarithm is made of: its argument spans more than 8 bits hold, as power does."""
    nodes = list(walk(graph))
    maker = {output: node for node in nodes for output in node.output}
    waiting = [name for node in nodes if node.op_type == "Log" for name in node.input]
    found: dict[str, None] = {}
    while waiting:
        node = maker.get(waiting.pop())
        if node is not None and node.name not in found:
            found[node.name] = None
            waiting.extend(node.input)
    return list(found)


def _allow(runtime: Runtime, golden: Path) -> None:
    """Add ``int8_tolerances`` to ``cases.json``: how far int8 may lie from TensorFlow's answers when it is served."""
    cases = read_json(golden / "cases.json")
    answers = runtime.answer_files([(golden / case["file"]).read_bytes() for case in cases["cases"]])
    apart = [
        runtime.kind.differences(dict(np.load(golden / case["answer"])), answer)
        for case, answer in zip(cases["cases"], answers, strict=True)
    ]
    far = furthest(runtime.kind, apart)
    cases["int8_tolerances"] = {name: max(exact, HEADROOM * far[name]) for name, exact in cases["tolerances"].items()}
    write_json(golden / "cases.json", cases)


def _prepared(runtime: Runtime, examples: Sequence[Example]) -> Iterator[NDArray[np.float32]]:
    for example in progress(examples, len(examples), "int8: calibrate"):
        yield runtime.prepare(example.decoded(runtime.contract.preparation))[None]


class _Reader:
    """The form in which ONNX Runtime's calibration asks for inputs."""

    def __init__(self, batches: Iterator[NDArray[np.float32]]) -> None:
        self._batches = batches

    def get_next(self) -> dict[str, Any] | None:
        """The next input, or None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {"prepared": batch}
