"""MLflow: the ONNX model in its own format, for ``mlflow models serve``.

python -m benchmarks.contenders.mlflow_model FOLDER
"""

import os
import sys
from pathlib import Path

import mlflow
import onnx

from benchmarks.contenders.graphs import FOLDER, GRAPH


def main(target: str) -> None:
    """Save the batch model; it takes prepared tensors, since its server reads no images."""
    model = onnx.load(Path(os.environ[FOLDER], os.environ.get(GRAPH, "model.onnx")))
    mlflow.onnx.save_model(model, target, save_as_external_data=False)


if __name__ == "__main__":
    main(sys.argv[1])
