"""LitServe: an API that decodes, predicts in batches of eight, and encodes.

python -m benchmarks.contenders.litserve_app PORT
"""

import io
import sys
from typing import Any

import litserve
import numpy as np
from fastapi import UploadFile
from PIL import Image

from benchmarks.contenders.graphs import Graphs


class Classifier(litserve.LitAPI):
    """The documented four steps."""

    def setup(self, device: str) -> None:
        """Load the graphs in the worker."""
        self.graphs = Graphs()

    def decode_request(self, request: UploadFile) -> Any:
        """The form's file, prepared."""
        return self.graphs.prepare(Image.open(io.BytesIO(request.file.read())))

    def batch(self, inputs: list[Any]) -> Any:
        """One array of all that came."""
        return np.stack(inputs)

    def predict(self, batch: Any) -> Any:
        """Probabilities, a row each."""
        return self.graphs.infer(batch)

    def unbatch(self, output: Any) -> list[Any]:
        """A row for each request."""
        return list(output)

    def encode_response(self, output: Any) -> dict[str, Any]:
        """The best classes."""
        return self.graphs.answer(output)


if __name__ == "__main__":
    server = litserve.LitServer(Classifier(max_batch_size=8, batch_timeout=0.005), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)
