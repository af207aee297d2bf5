"""Evaluation of classification: predictions, metrics with intervals, tables and pictures from outputs and truth."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.examples import Example
from pipelines.metrics import classification as metrics
from pipelines.metrics.classification import Judged
from pipelines.metrics.hierarchy import lca_height
from pipelines.tasks.classification.plots import draw_all
from tatara.core.contract import Contract
from tatara.core.files import write_json
from tatara.core.statistics import Interval, proportions_apart

if TYPE_CHECKING:
    import pandas

Outputs = Mapping[str, NDArray[np.float32]]
Hierarchy = Mapping[str, Sequence[str]]


def judged(contract: Contract, examples: Sequence[Example], outputs: Outputs) -> Judged:
    """The outputs against the examples' labels."""
    index = {label: position for position, label in enumerate(contract.labels)}
    truth = np.array([index[example.label] for example in examples], np.intp)
    return Judged(truth, outputs["probabilities"].astype(np.float64))


def right(contract: Contract, examples: Sequence[Example], outputs: Outputs) -> NDArray[np.bool_]:
    """Whether the answer is right, bool (examples,)."""
    return judged(contract, examples, outputs).right


def predictions(contract: Contract, examples: Sequence[Example], outputs: Outputs) -> "pandas.DataFrame":
    """One row an example: ``path``, ``digest``, ``label``, ``predicted``, ``score``, ``p_<class>`` for each class."""
    import pandas

    found = judged(contract, examples, outputs)
    head = pandas.DataFrame({
        "path": [example.path for example in examples],
        "digest": [example.digest for example in examples],
        "label": [example.label for example in examples],
        "predicted": [contract.labels[position] for position in found.predicted],
        "score": outputs["probabilities"].max(axis=1),
    })  # fmt: skip
    columns = [f"p_{label}" for label in contract.labels]
    return pandas.concat([head, pandas.DataFrame(outputs["probabilities"], columns=columns)], axis=1)


def measure(
    test: Judged, train: Judged, labels: Sequence[str], hierarchy: Hierarchy | None, seed: int
) -> dict[str, Interval]:
    """Every metric by name.

    ``accuracy``; ``top5_accuracy`` where there are more than 5 classes, ``top3_accuracy`` where more than 3; macro
    ``precision``, ``recall`` and ``f1``; ``log_loss`` (nats); ``brier``; ``calibration_error``; ``train_accuracy`` on
    a sample of the training split through the same graphs, and ``gap``, by how much it exceeds ``accuracy``; with a
    label hierarchy, ``hierarchical_distance`` and ``mistake_severity``.

    Args:
        test: answers on the test split.
        train: answers on a sample of the training split.
        labels: class names.
        hierarchy: of the dataset, or None.
        seed: of the bootstrap.
    """
    found = {"accuracy": metrics.accuracy(test)}
    for k in (5, 3):
        if test.classes > k:
            found[f"top{k}_accuracy"] = metrics.top_k(test, k)
            break
    found |= metrics.averages(test, seed)
    found["train_accuracy"] = metrics.accuracy(train)
    found["gap"] = proportions_apart(found["train_accuracy"], found["accuracy"])
    if hierarchy is not None:
        found |= metrics.severity(test, lca_height(labels, hierarchy), seed)
    return found


def describe(
    folder: Path, test: Judged, examples: Sequence[Example], labels: Sequence[str], found: dict[str, Interval]
) -> None:
    """Write ``classes.json`` (scores and support by class), ``report.md`` and ``plots/`` into ``folder``."""
    support = np.bincount(test.truth, minlength=len(labels))
    by_class = {
        label: {"support": int(count), **{name: score.model_dump() for name, score in scores.items()}}
        for label, count, scores in zip(labels, support, metrics.by_class(test), strict=True)
    }
    write_json(folder / "classes.json", by_class)
    (folder / "report.md").write_text(_report(found, by_class, len(test.truth)), encoding="utf-8")
    draw_all(folder / "plots", test, labels, lambda position: examples[position].read(), found["calibration_error"])


def _report(found: dict[str, Interval], by_class: dict[str, dict[str, object]], examples: int) -> str:
    lines = [
        f"# Evaluation on {examples} test examples",
        "",
        "95 % intervals: Wilson's for shares (accuracy, top-k, precision and recall of a class), Newcombe's for the",
        "gap, BCa bootstrap over the examples for the rest.",
        "",
        "| metric | value | low | high |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {one.value:.4f} | {one.low:.4f} | {one.high:.4f} |" for name, one in found.items()),
        "",
        "| # | class | examples | precision | recall | F1 |",
        "|---:|---|---:|---|---|---|",
    ]
    for number, (label, row) in enumerate(by_class.items()):
        scores = [Interval.model_validate(row[name]) for name in ("precision", "recall", "f1")]
        cells = " | ".join(f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]" for one in scores)
        lines.append(f"| {number} | {label.replace('|', chr(92) + '|')} | {row['support']} | {cells} |")
    return "\n".join(lines) + "\n"
