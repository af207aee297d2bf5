"""BentoML as documented: a batchable API over a list of pictures, with adaptive batching.

bentoml serve benchmarks.contenders.bentoml_app:Classifier
"""

from typing import Any

import bentoml
import numpy as np
from PIL.Image import Image

from benchmarks.contenders.graphs import Graphs


@bentoml.service(resources={"cpu": "2"})
class Classifier:
    """The documented form: one worker, the framework collects the batches."""

    def __init__(self) -> None:
        self.graphs = Graphs()

    @bentoml.api(batchable=True, max_batch_size=8)
    def predict(self, images: list[Image]) -> list[dict[str, Any]]:
        """Pictures in, their best classes out."""
        batch = np.stack([self.graphs.prepare(image) for image in images])
        return [self.graphs.answer(row) for row in self.graphs.infer(batch)]
