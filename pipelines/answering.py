"""A model's answers to examples, as the kind's evaluation records them."""

from collections.abc import Sequence
from typing import Any

from pipelines.examples import Example
from tatara.core.progress import progress
from tatara.core.runtime import Runtime

BATCH = 8
"""Answers that are held at once: those to large images may have a mask for each of a hundred objects."""


def answered(runtime: Runtime, kind: Any, examples: Sequence[Example], label: str) -> list[Any]:
    """The records of all ``examples``, each asked from its file's bytes; progress is shown under ``label``.

    Args:
        runtime: of the model.
        kind: module ``pipelines.tasks.<kind>.evaluation``, for its ``record``.
        examples: in any number; only the records are kept.
        label: of the progress.
    """
    records = []
    starts = range(0, len(examples), BATCH)
    for start in progress(starts, len(starts), label):
        part = examples[start : start + BATCH]
        answers = runtime.answer([example.pixels() for example in part])
        records += [kind.record(runtime.contract, *pair) for pair in zip(part, answers, strict=True)]
    return records
