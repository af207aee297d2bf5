"""TensorFlow.js: a folder a graph (``prepare``, ``model``, ``finish``), as a web page loads it."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from pipelines.conversion.reference import Reference
from pipelines.exporting import saved_model
from pipelines.exporting.carrier import Graphs, NotCarriedError, Tensors
from pipelines.exporting.environment import NODE, environment
from tatara.core.contract import Contract
from tatara.core.errors import TataraError
from tatara.core.files import read_json, write_json

SIGNATURES = "types.json"
"""Graph -> output -> NumPy's name of its type: TensorFlow.js knows float32, int32 and bool."""
_SECONDS = 600


def write(reference: Reference, folder: Path) -> None:
    """Write the graphs, and `SIGNATURES`.

    Raises:
        NotCarriedError: TensorFlow.js has no such operator.
        TataraError: the converter failed, or its environment cannot be made.
    """
    _, parts = saved_model.functions(reference)
    with tempfile.TemporaryDirectory() as made:
        saved_model.write(reference, Path(made))
        for name in parts:
            _convert(Path(made), name, folder / name)
    types = {name: _types(function) for name, function in parts.items()}
    write_json(folder / SIGNATURES, types)


def _types(function: Any) -> dict[str, str]:
    given = function.get_concrete_function().structured_outputs
    return {name: tensor.dtype.name for name, tensor in given.items()}


def _convert(saved: Path, signature: str, folder: Path) -> None:
    converter = environment() / "python" / "bin" / "tensorflowjs_converter"
    options = ["--input_format=tf_saved_model", "--output_format=tfjs_graph_model", "--saved_model_tags=serve"]
    command = [str(converter), *options, f"--signature_name={signature}", str(saved), str(folder)]
    alone = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(command, env=alone, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if missing := re.search(r"Unsupported Ops in the model before optimization\s*([\w, ]+)", done.stdout + done.stderr):
        raise NotCarriedError([one.strip() for one in missing[1].split(",")], f"TensorFlow.js ({signature})")
    if done.returncode or not (folder / "model.json").is_file():
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise TataraError(f"{signature}: the converter of TensorFlow.js failed ({last[:200]})")


class JavaScript(Graphs):
    """The graphs in TensorFlow.js under Node: in WebAssembly, or where that lacks an operator, in plain JavaScript."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        super().__init__(contract, "TensorFlow.js under Node")
        self._types = read_json(folder / SIGNATURES)
        modules = {**os.environ, "NODE_PATH": str(environment() / "node_modules")}
        self._node = subprocess.Popen(
            ["node", str(NODE / "answer.cjs"), str(folder)],
            env=modules, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self) -> "JavaScript":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.close()
        self._node.stdout.close()
        self._node.wait()

    def call(self, graph: str, inputs: Tensors) -> Tensors:
        """As `Graphs.call`.

        Raises:
            NotCarriedError: neither WebAssembly nor JavaScript has an operator.
            TataraError: Node failed.
        """
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        given = {
            name: value.astype(np.float32 if value.dtype.kind == "f" else np.int32) for name, value in inputs.items()
        }
        described = [
            {"name": name, "shape": value.shape, "dtype": value.dtype.name, "bytes": value.nbytes}
            for name, value in given.items()
        ]
        self._node.stdin.write(json.dumps({"graph": graph, "inputs": described}).encode() + b"\n")
        for value in given.values():
            self._node.stdin.write(value.tobytes())
        self._node.stdin.flush()
        said = json.loads(self._node.stdout.readline() or '{"error": "Node ended"}')
        if said.get("operator"):
            raise NotCarriedError([said["operator"]], f"TensorFlow.js ({graph})")
        if "error" in said:
            raise TataraError(f"{graph}: TensorFlow.js failed ({said['error'][:200]})")
        if graph == "model":
            self.providers[0] = f"TensorFlow.js under Node, {said['backend']}"
        return {one["name"]: self._read(graph, one) for one in said["outputs"]}

    def _read(self, graph: str, one: dict[str, Any]) -> Any:
        assert self._node.stdout is not None
        sent = {"float32": np.float32, "int32": np.int32, "bool": np.uint8}[one["dtype"]]
        values = np.frombuffer(self._node.stdout.read(one["bytes"]), sent).reshape(one["shape"])
        return values.astype(self._types[graph][one["name"]])
