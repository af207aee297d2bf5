"""When two classifiers count as one."""

import numpy as np

from pipelines.tasks.classification import agreement


def _outputs(*rows: list[float]) -> dict[str, np.ndarray]:
    return {"probabilities": np.array(rows, np.float32)}


def test_swapped_bests_are_a_difference_unless_they_were_tied() -> None:
    expected, actual = _outputs([0.5, 0.5, 0.0], [0.6, 0.4, 0.0]), _outputs([0.49, 0.51, 0.0], [0.4, 0.6, 0.0])
    assert agreement.decided_apart(expected, actual).tolist() == [True, True]
    assert agreement.ties(expected, 1e-5).tolist() == [True, False]
    np.testing.assert_allclose(agreement.differences(expected, actual), [0.01, 0.2], atol=1e-6)


def test_not_a_number_is_infinitely_far() -> None:
    assert agreement.differences(_outputs([0.5, 0.5]), _outputs([float("nan"), 0.5])).tolist() == [np.inf]


def test_the_metric_is_accuracy() -> None:
    assert agreement.metric(_outputs([0.9, 0.1], [0.2, 0.8], [0.7, 0.3]), ["a", "b", "b"], ["a", "b"]) == 2 / 3
