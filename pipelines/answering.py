"""A model's answers to examples, as the kind's evaluation records them."""

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from pipelines.examples import Example
from tatara.core.progress import progress
from tatara.core.runtime import Runtime

BATCH = 8
"""Answers that are held at once: those to large images may have a mask for each of a hundred objects."""


Change = Callable[[Example, NDArray[Any]], NDArray[Any]]
"""An example and what was decoded of it -> an array of the same shape to ask about instead."""


def answered(
    runtime: Runtime, kind: Any, examples: Sequence[Example], label: str, change: Change | None = None
) -> list[Any]:
    """The records of all ``examples``, each asked from its file's bytes; progress is shown under ``label``.

    Args:
        runtime: of the model.
        kind: module ``pipelines.tasks.<kind>.evaluation``, for its ``record``.
        examples: in any number; only the records are kept.
        label: of the progress.
        change: of each example before it is asked; none by default.
    """
    records = []
    starts = range(0, len(examples), BATCH)
    for start in progress(starts, len(starts), label):
        part = examples[start : start + BATCH]
        inputs = [example.decoded(runtime.contract.preparation) for example in part]
        if change is not None:
            inputs = [change(*pair) for pair in zip(part, inputs, strict=True)]
        answers = runtime.answer(inputs)
        records += [kind.record(runtime.contract, *pair) for pair in zip(part, answers, strict=True)]
    return records
