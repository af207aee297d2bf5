"""Metrics against hand-computed figures and scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sklearn

from pipelines.metrics import classification as metrics
from pipelines.metrics.classification import Judged


@pytest.fixture
def judged() -> Judged:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(400, 7))
    truth = generator.integers(0, 7, 400)
    logits[np.arange(400), truth] += 1.5
    return Judged(truth, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))


def _sure(truth: list[int], predicted: list[int], classes: int) -> Judged:
    return Judged(np.array(truth), np.eye(classes)[predicted])


def test_values_are_scikit_learns(judged: Judged) -> None:
    found = metrics.averages(judged, seed=0)
    precision, recall, f1, _ = sklearn.precision_recall_fscore_support(judged.truth, judged.predicted, average="macro")
    assert metrics.accuracy(judged).value == sklearn.accuracy_score(judged.truth, judged.predicted)
    assert metrics.top_k(judged, 3).value == sklearn.top_k_accuracy_score(judged.truth, judged.probabilities, k=3)
    assert found["precision"].value == pytest.approx(precision)
    assert found["recall"].value == pytest.approx(recall)
    assert found["f1"].value == pytest.approx(f1)
    assert found["log_loss"].value == pytest.approx(sklearn.log_loss(judged.truth, judged.probabilities))
    assert (metrics.confusion(judged) == sklearn.confusion_matrix(judged.truth, judged.predicted)).all()
    for one in found.values():
        assert one.low < one.value < one.high


def test_a_model_is_above_chance_when_it_beats_the_commonest_class() -> None:
    truth = [0] * 60 + [1] * 40
    constant = metrics.above_chance(_sure(truth, [0] * 100, 2))
    assert constant.value == 0
    assert constant.low < 0 < constant.high
    found = metrics.above_chance(_sure(truth, [0] * 50 + [1] * 50, 2))
    assert found.value == pytest.approx(0.9 - 0.6)
    assert found.low == pytest.approx(0.825634 - 0.6, abs=1e-6)  # Wilson's lower bound of 90 in 100


def test_scores_by_class_are_scikit_learns(judged: Judged) -> None:
    expected = sklearn.precision_recall_fscore_support(judged.truth, judged.predicted)
    for position, scores in enumerate(metrics.by_class(judged)):
        values = [scores[name].value for name in ("precision", "recall", "f1")]
        assert values == pytest.approx([expected[row][position] for row in range(3)])
        assert all(one.low < one.value < one.high for one in scores.values())


def test_calibration_error_and_brier_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    found = metrics.averages(Judged(np.array([0, 1, 1, 1]), probabilities), seed=0)
    assert found["calibration_error"].value == pytest.approx(0.5 * abs(0.9 - 0.5) + 0.5 * abs(0.6 - 1.0))
    assert found["brier"].value == pytest.approx((0.02 + 1.62 + 0.32 + 0.32) / 4)


def test_nothing_collapses_without_mistakes() -> None:
    truth = list(range(10)) * 18
    judged = _sure(truth, truth, 10)
    averages = metrics.averages(judged, seed=0)
    for name in ("precision", "recall", "f1"):
        assert averages[name].value == 1.0
        assert averages[name].low == pytest.approx(metrics.accuracy(judged).low) == pytest.approx(0.9791, abs=1e-4)


def test_one_class_for_everything_has_width_too() -> None:
    found = metrics.averages(_sure([0, 1, 2, 3] * 10, [0] * 40, 4), seed=0)
    assert found["recall"].value == 0.25
    assert found["recall"].low < 0.2
    assert found["recall"].high > 0.3


def test_a_class_that_is_never_predicted_has_unknown_precision() -> None:
    scores = metrics.by_class(_sure([0, 0, 1], [0, 0, 0], 2))
    assert scores[1]["precision"].model_dump() == {"value": 0.0, "low": 0.0, "high": 1.0}


def test_of_equal_probabilities_the_first_is_best() -> None:
    even = Judged(np.arange(5), np.full((5, 5), 0.2))
    assert metrics.top_k(even, 1).value == metrics.accuracy(even).value == 0.2
    assert metrics.top_k(even, 3).value == 0.6


DISTANCE = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 2.0], [2.0, 2.0, 0.0]])


def test_severity_by_hand() -> None:
    found = metrics.severity(_sure([0, 0, 1, 2], [0, 1, 2, 2], 3), DISTANCE, seed=0)
    assert found["hierarchical_distance"].value == pytest.approx(3 / 4)
    assert found["mistake_severity"].value == pytest.approx(3 / 2)
    assert 1.0 <= found["mistake_severity"].low <= found["mistake_severity"].high <= 2.0


def test_severity_without_mistakes_is_bounded_not_certain() -> None:
    found = metrics.severity(_sure([0, 1, 2] * 20, [0, 1, 2] * 20, 3), DISTANCE, seed=0)
    assert found.keys() == {"hierarchical_distance"}
    assert found["hierarchical_distance"].value == 0.0 < found["hierarchical_distance"].high < 0.2
