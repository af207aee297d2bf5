"""Metrics of pixels against hand-computed figures and scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sklearn

from pipelines.metrics import segmentation as metrics

IGNORE = 255


def _images(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Truth and answers uint8 (images, 24, 32) of four classes, some pixels ignored."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 4, (count, 3, 4)).repeat(8, axis=1).repeat(8, axis=2).astype(np.uint8)
    answer = np.where(generator.random(truth.shape) < 0.7, truth, generator.integers(0, 4, truth.shape)).astype(
        np.uint8
    )
    truth[generator.random(truth.shape) < 0.1] = IGNORE
    return truth, answer


def _counts(truth: np.ndarray, answer: np.ndarray, classes: int = 4) -> np.ndarray:
    return np.stack([metrics.confusion(*pair, classes) for pair in zip(truth, answer, strict=True)])


def _calibrations(counts: np.ndarray) -> np.ndarray:
    return np.zeros((len(counts), metrics.BINS, 3))


def test_figures_are_scikit_learns_over_the_pixels_that_count() -> None:
    truth, answer = _images(30)
    counts = _counts(truth, answer)
    kept = truth != IGNORE
    given = truth[kept], answer[kept]
    assert (counts.sum(axis=0) == sklearn.confusion_matrix(*given)).all()
    found = metrics.figures(counts, _calibrations(counts), seed=0)
    assert found["miou"].value == pytest.approx(sklearn.jaccard_score(*given, average="macro"))
    assert found["pixel_accuracy"].value == pytest.approx(sklearn.accuracy_score(*given))
    assert found["mean_accuracy"].value == pytest.approx(sklearn.balanced_accuracy_score(*given))
    ious = [one["iou"].value for one in metrics.by_class(counts, seed=0)]
    assert ious == pytest.approx(sklearn.jaccard_score(*given, average=None))
    for name in ("miou", "pixel_accuracy", "mean_accuracy"):
        assert found[name].low < found[name].value < found[name].high
        assert found[name].high - found[name].low < 0.1


def test_ignored_pixels_do_not_count_whatever_the_answer_is() -> None:
    truth = np.array([[0, 0, 1, IGNORE]], np.uint8)
    for other in (0, 1):
        counts = metrics.confusion(truth, np.array([[0, 1, 1, other]], np.uint8), 2)
        assert counts.tolist() == [[1, 1], [0, 1]]


def test_a_class_neither_in_truth_nor_answer_is_left_out_and_one_in_the_answer_alone_is_not() -> None:
    truth, answer = np.zeros((5, 4, 4), np.uint8), np.zeros((5, 4, 4), np.uint8)
    counts = _counts(truth, answer, 3)
    found = metrics.figures(counts, _calibrations(counts), seed=0)
    assert found["miou"].value == found["mean_accuracy"].value == 1.0
    answer[:, 0, 0] = 2
    counts = _counts(truth, answer, 3)
    found = metrics.figures(counts, _calibrations(counts), seed=0)
    assert found["miou"].value == pytest.approx((15 / 16 + 0) / 2)
    assert found["mean_accuracy"].value == pytest.approx(15 / 16)
    by_class = metrics.by_class(counts, seed=0)
    assert [set(one) for one in by_class] == [{"iou", "accuracy"}, set(), {"iou"}]


def test_perfect_answers_have_width() -> None:
    truth, _ = _images(6)
    counts = _counts(truth, np.where(truth == IGNORE, 0, truth))
    found = metrics.figures(counts, _calibrations(counts), seed=0)["miou"]
    assert found.value == found.high == 1.0
    assert 0.8 < found.low < 0.97


def test_a_weight_is_a_repetition() -> None:
    counts = _counts(*_images(12))
    times = np.random.default_rng(1).integers(0, 3, 12)
    repeated = metrics.miou(counts.repeat(times, axis=0), np.ones((1, times.sum())))
    assert metrics.miou(counts, times[None].astype(np.float64)) == pytest.approx(repeated)
    assert np.isnan(metrics.miou(counts * 0, np.ones((1, 12)))[0])


def test_calibration_error_by_hand() -> None:
    right, confidence = np.array([True, False, True, True]), np.array([0.9, 0.9, 0.6, 0.6])
    bins = metrics.calibration(right, confidence)
    assert bins.sum(axis=0) == pytest.approx([4, 3, 3.0])
    counts = np.array([[[3, 1], [0, 0]]])
    found = metrics.figures(counts, bins[None], seed=0)["calibration_error"]
    assert found.value == pytest.approx(0.5 * abs(0.9 - 0.5) + 0.5 * abs(0.6 - 1.0))


def test_a_model_is_above_chance_when_it_beats_the_best_single_class() -> None:
    truth, answer = _images(30)
    truth = np.where(truth == IGNORE, 0, truth)
    constant = np.zeros_like(truth)
    found = metrics.above_chance(_counts(truth, constant), seed=0)
    assert (found.value, found.low < 0 < found.high) == (0.0, True)
    counts = _counts(truth, answer)
    best = max(sklearn.jaccard_score(truth.ravel(), np.full(truth.size, label), average="macro") for label in range(4))
    found = metrics.above_chance(counts, seed=0)
    assert found.value == pytest.approx(sklearn.jaccard_score(truth.ravel(), answer.ravel(), average="macro") - best)
    assert found.low > 0.3
