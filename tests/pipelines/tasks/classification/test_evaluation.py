"""The evaluation of classification through the interface that every kind has; its figures are tested with its metrics
and with the stage."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.examples import Example
from pipelines.tasks.classification import evaluation
from pipelines.tasks.classification.evaluation import Record
from tests.pipelines.tasks.pictured import LABELS, contract

CONTRACT = contract("classification")


def _records(right: list[bool]) -> list[Record]:
    """One record an answer, all of the first class."""
    records = []
    for number, one in enumerate(right):
        example = Example(f"test/cat/{number}.png", LABELS[0], f"{number:064d}", Path(), 8, 8)
        probabilities = np.array([0.9, 0.1] if one else [0.2, 0.8], np.float32)
        records.append(evaluation.record(CONTRACT, example, {"probabilities": probabilities}))
    return records


def test_primary_is_the_share_of_right_answers() -> None:
    assert evaluation.PRIMARY == "accuracy"
    assert evaluation.primary(_records([True, True, False, True]), CONTRACT) == 0.75


def test_a_row_an_example() -> None:
    table = evaluation.predictions(_records([True, False]), CONTRACT)
    assert list(table.columns) == ["path", "digest", "label", "predicted", "score", "p_cat", "p_dog"]
    assert list(table["predicted"]) == ["cat", "dog"]
    assert table["score"].tolist() == pytest.approx([0.9, 0.8])


def test_pairs_are_the_examples_in_both_tables_each_once_in_any_order() -> None:
    new = evaluation.predictions(_records([True] * 6), CONTRACT)
    old = evaluation.predictions(_records([True, False, True, False]), CONTRACT).iloc[::-1]
    verdict = evaluation.paired(new, old, 0.02, 0)
    assert (verdict.examples, verdict.only_challenger, verdict.only_champion) == (4, 2, 0)
    assert verdict.difference.value == 0.5
    differences, p_value = evaluation.compared(new, old, 0)
    assert differences["accuracy"].value == 0.5
    assert differences["log_loss"].value == pytest.approx((2 * np.log(0.2) - 2 * np.log(0.9)) / 4, rel=1e-4)
    assert p_value == 0.5
