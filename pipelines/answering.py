"""A model's answers to examples, as the kind's evaluation records them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.examples import Example
from tatara.core.progress import progress
from tatara.core.runtime import Runtime

BATCH = 8
"""Answers that are held at once: those to large images may have a mask for each of a hundred objects."""


Change = Callable[[Example, NDArray[np.uint8]], NDArray[np.uint8]]
"""An example and its pixels -> pixels of the same size to ask about instead."""


def answered(
    runtime: Runtime, kind: Any, examples: Sequence[Example], label: str, change: Change | None = None
) -> list[Any]:
    """The records of all ``examples``, each asked from its file's bytes; progress is shown under ``label``.

    Args:
        runtime: of the model.
        kind: module ``pipelines.tasks.<kind>.evaluation``, for its ``record``.
        examples: in any number; only the records are kept.
        label: of the progress.
        change: of each image before it is asked; none by default.
    """
    records = []
    starts = range(0, len(examples), BATCH)
    for start in progress(starts, len(starts), label):
        part = examples[start : start + BATCH]
        pixels = [example.pixels() for example in part]
        if change is not None:
            pixels = [change(*pair) for pair in zip(part, pixels, strict=True)]
        answers = runtime.answer(pixels)
        records += [kind.record(runtime.contract, *pair) for pair in zip(part, answers, strict=True)]
    return records
