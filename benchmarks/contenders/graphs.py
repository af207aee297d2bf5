"""What every contender does with an image: ONNX Runtime over ``prepare.onnx`` and ``model.onnx``, as anybody would."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

FOLDER, GRAPH = "BENCH_FOLDER", "BENCH_GRAPH"
"""Environment variables: the model folder, and the file name of the batch model."""


class Graphs:
    """Both sessions with ONNX Runtime's own defaults, and the labels."""

    def __init__(self) -> None:
        folder = Path(os.environ[FOLDER])
        self._prepare = onnxruntime.InferenceSession(folder / "prepare.onnx")
        self._model = onnxruntime.InferenceSession(folder / os.environ.get(GRAPH, "model.onnx"))

    def prepare(self, image: Image.Image) -> NDArray[np.float32]:
        """A picture of any size -> the model's input."""
        return np.asarray(self._prepare.run(None, {"image": np.asarray(image.convert("RGB"))})[0])

    def infer(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Prepared images -> probabilities, a row each."""
        return np.asarray(self._model.run(["probabilities"], {"prepared": batch})[0])

    def answer(self, row: NDArray[np.float32]) -> dict[str, Any]:
        """The best five classes."""
        return {"top": [{"label": f"class {i}", "score": float(row[i])} for i in np.argsort(-row)[:5]]}
