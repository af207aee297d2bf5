"""Evaluation of classification: predictions, metrics with intervals, tables and pictures from outputs and truth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.dataset import Description
from pipelines.examples import Example
from pipelines.metrics import classification as metrics
from pipelines.metrics.classification import Judged
from pipelines.metrics.hierarchy import lca_height
from pipelines.tasks.classification.plots import draw_all
from tatara.core.contract import Contract, Finished
from tatara.core.files import write_json
from tatara.core.hypotheses import mcnemar
from tatara.core.modalities import shown
from tatara.core.statistics import (
    Interval,
    Verdict,
    bootstrap,
    paired_not_worse,
    paired_proportions_apart,
    proportions_apart,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas

PRIMARY = "accuracy"
DECISIONS = "examples"


@dataclass(frozen=True)
class Record:
    """One answered example: path and SHA-256 of its file, its label, probabilities float32 (classes,)."""

    path: str
    digest: str
    label: str
    probabilities: NDArray[np.float32]


def record(contract: Contract, example: Example, finished: Finished) -> Record:
    """What is kept of the answer to one example."""
    return Record(example.path, example.digest, example.label, finished["probabilities"])


def predictions(records: Sequence[Record], contract: Contract) -> "pandas.DataFrame":
    """One row an example: ``path``, ``digest``, ``label``, ``predicted``, ``score``, ``p_<class>`` for each class."""
    import pandas

    probabilities = np.stack([one.probabilities for one in records])
    head = pandas.DataFrame({
        "path": [one.path for one in records],
        "digest": [one.digest for one in records],
        "label": [one.label for one in records],
        "predicted": [contract.labels[position] for position in probabilities.argmax(axis=1)],
        "score": probabilities.max(axis=1),
    })  # fmt: skip
    columns = [f"p_{label}" for label in contract.labels]
    return pandas.concat([head, pandas.DataFrame(probabilities, columns=columns)], axis=1)


def primary(records: Sequence[Record], contract: Contract) -> float:
    """Accuracy, 0..1."""
    return float(_judged(records, contract).right.mean())


def decisions(examples: Sequence[Example], classes: Sequence[str]) -> int:
    """That the examples hold: one each."""
    return len(examples)


def paired(new: "pandas.DataFrame", old: "pandas.DataFrame", margin: float, seed: int) -> Verdict:
    """Whether the accuracy is not worse by more than ``margin``, on the examples (digests) in both `predictions`.

    Tango's interval needs no resampling, so that ``seed`` is not used.
    """
    import pandas

    both = pandas.merge(*(_answers(table) for table in (new, old)), on="digest", suffixes=("", "_old"))
    return paired_not_worse(both["right"].to_numpy(bool), both["right_old"].to_numpy(bool), margin)


def compared(new: "pandas.DataFrame", old: "pandas.DataFrame", seed: int) -> tuple[dict[str, Interval], float | None]:
    """``new`` minus ``old`` in ``accuracy`` (Tango's interval) and ``log_loss`` (paired bootstrap; below 0 is better),
    on the examples in both `predictions`, and the p-value of McNemar's exact test.
    """
    import pandas

    both = pandas.merge(*(_answers(table) for table in (new, old)), on="digest", suffixes=("", "_old"))
    right, before = both["right"].to_numpy(), both["right_old"].to_numpy()
    won, lost = int((right & ~before).sum()), int((before & ~right).sum())
    apart = (both["loss"] - both["loss_old"]).to_numpy()[:, None]
    differences = {
        "accuracy": paired_proportions_apart(won, lost, len(both)),
        "log_loss": bootstrap(apart, lambda means: means, seed)[0],
    }
    return differences, mcnemar(won, lost)


def _answers(table: "pandas.DataFrame") -> "pandas.DataFrame":
    """``digest``, ``right`` and ``loss`` of each example, each digest once."""
    import pandas

    table = table.drop_duplicates("digest")
    own = [table.at[row, f"p_{label}"] for row, label in table["label"].items()]
    loss = -np.log(np.clip(np.array(own, np.float64), metrics.SMALLEST, 1.0))
    right = (table["label"] == table["predicted"]).to_numpy()
    return pandas.DataFrame({"digest": table["digest"], "right": right, "loss": loss})


def _judged(records: Sequence[Record], contract: Contract) -> Judged:
    index = {label: position for position, label in enumerate(contract.labels)}
    truth = np.array([index[one.label] for one in records], np.intp)
    return Judged(truth, np.stack([one.probabilities for one in records]).astype(np.float64))


def measure(
    test: Sequence[Record], train: Sequence[Record], contract: Contract, description: Description, seed: int
) -> dict[str, Interval]:
    """Every metric by name.

    ``accuracy``; ``above_chance``, by how much it exceeds that of always answering the commonest class;
    ``top5_accuracy`` where there are more than 5 classes, ``top3_accuracy`` where more than 3; macro ``precision``,
    ``recall`` and ``f1``; ``log_loss`` (nats); ``brier``; ``calibration_error``; ``train_accuracy`` on a sample of the
    training split through the same graphs, and ``gap``, by how much it exceeds ``accuracy``; with a label hierarchy,
    ``hierarchical_distance`` and ``mistake_severity``.

    Args:
        test: answers on the test split.
        train: answers on a sample of the training split.
        contract: of the model.
        description: of the dataset, which may have a label hierarchy.
        seed: of the bootstrap.
    """
    judged = _judged(test, contract)
    found = {"accuracy": metrics.accuracy(judged), "above_chance": metrics.above_chance(judged)}
    for k in (5, 3):
        if judged.classes > k:
            found[f"top{k}_accuracy"] = metrics.top_k(judged, k)
            break
    found |= metrics.averages(judged, seed)
    found["train_accuracy"] = metrics.accuracy(_judged(train, contract))
    found["gap"] = proportions_apart(found["train_accuracy"], found["accuracy"])
    if description.hierarchy is not None:
        found |= metrics.severity(judged, lca_height(contract.labels, description.hierarchy), seed)
    return found


def describe(
    folder: Path, records: Sequence[Record], train: Sequence[Example], contract: Contract, found: dict[str, Interval],
    read: Callable[[str], bytes],
) -> None:  # fmt: skip
    """Write ``classes.json`` (scores and support by class), ``report.md`` and ``plots/`` into ``folder``.

    Args:
        folder: of the evaluation.
        records: answers on the test split.
        train: the examples that the model learned from.
        contract: of the model.
        found: what `measure` found.
        read: path of an example -> its file's bytes.
    """
    judged, labels = _judged(records, contract), contract.labels
    support = np.bincount(judged.truth, minlength=len(labels))
    by_class = {
        label: {"support": int(count), **{name: score.model_dump() for name, score in scores.items()}}
        for label, count, scores in zip(labels, support, metrics.by_class(judged), strict=True)
    }
    write_json(folder / "classes.json", by_class)
    (folder / "report.md").write_text(_report(found, by_class, len(records)), encoding="utf-8")
    draw_all(
        folder / "plots", judged, labels,
        lambda position: shown(records[position].path, read(records[position].path)), found["calibration_error"],
    )  # fmt: skip


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
