"""Evaluate: what will be served, from file bytes through the exported graphs, on the test split."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import tracking
from pipelines.answering import answered
from pipelines.datasets.dataset import open_dataset
from pipelines.evidence.comparison import needed
from pipelines.evidence.resampling import weightings
from pipelines.examples import Example, split_examples
from pipelines.latency import latency
from pipelines.parameters import Parameters, evaluation_module
from pipelines.workspace import Workspace
from tatara.core.errors import RefusedError
from tatara.core.files import write_json
from tatara.core.runtime import INT8, Runtime
from tatara.core.statistics import Interval, Verdict

TRAIN_SAMPLE = 500
"""Training examples asked for the gap, or as many as there are test examples where these are more."""


def run(workspace: Workspace, parameters: Parameters) -> None:
    """Measure the converted model and write metrics, predictions, tables and pictures; log them to the run.

    Raises:
        RefusedError: an int8 model was made and is not shown to hold its margin.
    """
    converted = workspace.folder("convert")
    runtime = Runtime(converted)
    kind = evaluation_module(runtime.contract.kind)
    test, train = (split_examples(workspace, split) for split in ("test", "train"))
    description = open_dataset(parameters.data).description
    with workspace.writing("evaluate", parameters) as folder:
        records = answered(runtime, kind, test, "evaluate: test")
        sample = _sample(train, max(TRAIN_SAMPLE, len(test)), parameters.seed)
        seen = answered(runtime, kind, sample, "evaluate: train")
        predictions = kind.predictions(records, runtime.contract)
        predictions.to_parquet(folder / "predictions.parquet", index=False)
        found: dict[str, Interval] = kind.measure(records, seen, runtime.contract, description, parameters.seed)
        if (converted / INT8).exists():
            found |= _int8(converted, kind, test, predictions, parameters, folder)
        files = {example.path: example for example in test}
        kind.describe(
            folder,
            records,
            split_examples(workspace, "train"),
            runtime.contract,
            found,
            lambda path: files[path].read(),
        )
        write_json(folder / "metrics.json", {name: one.model_dump() for name, one in found.items()})
        write_json(folder / "latency.json", latency(runtime, test))
        _log(workspace.run_id, folder, found)


def _sample(examples: list[Example], size: int, seed: int) -> list[Example]:
    chosen = np.random.default_rng(seed).permutation(len(examples))[:size]
    return [examples[position] for position in sorted(chosen)]


def _int8(
    converted: Path, kind: Any, test: list[Example], predictions: Any, parameters: Parameters, folder: Path
) -> dict[str, Interval]:
    """Judge the int8 model against the float32 one on the same examples; keep its predictions and the verdict."""
    runtime = Runtime(converted, model_file=INT8)
    small = kind.predictions(answered(runtime, kind, test, "evaluate: int8"), runtime.contract)
    verdict = kind.paired(small, predictions, parameters.int8_margin, parameters.seed)
    gap = verdict.difference
    if verdict.verdict not in ("better", "not_worse"):
        enough = _enough(verdict, kind.PRIMARY, small, predictions, runtime, parameters)
        raise RefusedError(
            f"int8: {kind.PRIMARY} changes by {gap.value:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}] "
            f"({verdict.confidence:.0%}) on {verdict.examples} test examples, which does not show that at most "
            f"{parameters.int8_margin:g} is lost ({verdict.verdict.replace('_', ' ')}); run with int8=false or a "
            f"larger int8_margin{enough}"
        )
    write_json(folder / "int8.json", verdict.model_dump())
    small.to_parquet(folder / "predictions.int8.parquet", index=False)
    return {f"int8_{kind.PRIMARY}_change": gap}


def _enough(
    verdict: Verdict, metric: str, small: Any, predictions: Any, runtime: Runtime, parameters: Parameters
) -> str:  # fmt: skip
    """The advice to give more test images, where that is what is missing, with their number."""
    if verdict.verdict != "not_enough_data":
        return ""
    judged = importlib.import_module(f"pipelines.tasks.{parameters.kind}.judged").judged
    challenger, champion = judged(small, predictions, runtime.contract.labels, None)
    weights = weightings(verdict.examples, parameters.seed)
    images = needed(metric, verdict, challenger, champion, weights)
    return "" if images is None else f", or with some {images:,} test images like these, which would decide"


def _log(run_id: str, folder: Path, found: dict[str, Interval]) -> None:
    """Metrics as ``test_<name>`` with ``_low`` and ``_high``, and every file below ``evaluate/``."""
    flat = {f"test_{name}": one.value for name, one in found.items()}
    flat |= {f"test_{name}_{end}": getattr(one, end) for name, one in found.items() for end in ("low", "high")}
    tracking.log_metrics(run_id, flat)
    tracking.log_folder(run_id, folder, "evaluate")
