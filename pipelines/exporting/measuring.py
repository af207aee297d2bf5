"""An export held against the original: every example of the test split answered by both."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.examples import Example
from pipelines.exporting.row import Row
from pipelines.latency import latency
from pipelines.parameters import evaluation_module
from tatara.core.kinds import furthest
from tatara.core.progress import progress
from tatara.core.runtime import Runtime


def measure(name: str, folder: Path, exported: Any, original: Runtime, test: Sequence[Example], seed: int) -> Row:
    """The row of the export in ``folder``.

    Args:
        name: of the format.
        folder: of its files, whose bytes are counted.
        exported: loaded, in the runtime of its format.
        original: the run's ONNX graphs.
        test: all of the test split.
        seed: of the bootstrap.

    Raises:
        NotCarriedError: the format's runtime lacks an operator.
    """
    evaluation = evaluation_module(original.contract.kind)
    records: tuple[list[Any], list[Any]] = [], []
    apart = []
    for example in progress(test, len(test), f"export: {name}"):
        decoded = example.decoded(original.contract.preparation)
        answers = [side.answer([decoded])[0] for side in (original, exported)]
        apart.append(original.kind.differences(*answers))
        for side, answer in zip(records, answers, strict=True):
            side.append(evaluation.record(original.contract, example, answer))
    before, after = (evaluation.predictions(side, original.contract) for side in records)
    took = latency(exported, test)
    return Row(
        format=name,
        bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        metric=evaluation.PRIMARY,
        value=evaluation.primary(records[1], original.contract),
        change=evaluation.compared(after, before, seed)[0][evaluation.PRIMARY],
        apart=furthest(original.kind, apart),
        examples=len(test),
        median_ms=took["median_ms"],
        p95_ms=took["p95_ms"],
        runs_in=exported.providers[0],
    )
