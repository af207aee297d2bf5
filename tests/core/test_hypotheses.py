"""Tests of paired comparisons, by hand, against SciPy, and as statistics: on simulated pairs with fixed seeds."""

import numpy as np
import pytest
from scipy import stats

from tatara.core.hypotheses import LEVEL, POWER, accuracy_worse, decisions_needed, examples_needed, holm, mcnemar
from tatara.core.statistics import Weighted, paired_metrics_apart, paired_not_worse, paired_proportions_apart

TRIALS = 1000
ALLOWED = float(stats.binom.ppf(0.999, TRIALS, LEVEL)) / TRIALS
"""Share of false alarms that a test at the level shows in as many trials but once in a thousand."""


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (3, 10), (10, 3), (250, 301)])
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int) -> None:
    expected = stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(expected)


@pytest.mark.parametrize(("margin", "least"), [(0.02, 133), (0.05, 52), (0.1, 25)])
def test_the_least_decisions_are_those_of_tangos_interval(margin: float, least: int) -> None:
    assert decisions_needed(margin) == least
    assert paired_proportions_apart(0, 0, least, 0.9).low > -margin > paired_proportions_apart(0, 0, least - 1, 0.9).low
    assert decisions_needed(0.0) is None


def test_mcnemar_by_hand() -> None:
    assert mcnemar(1, 5) == pytest.approx(2 * (1 + 6) / 2**6)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_rejects_what_the_step_down_procedure_does() -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        given = generator.random(8) ** 4
        rejected, order = set(), np.argsort(given)
        for place, position in enumerate(order):
            if given[position] > 0.05 / (len(given) - place):
                break
            rejected.add(int(position))
        assert {at for at, p in enumerate(holm(given.tolist())) if p <= 0.05} == rejected


def test_a_loss_on_a_handful_is_the_exact_sign_test() -> None:
    assert accuracy_worse(0, 3, 10, margin=0.0) == pytest.approx(1 / 8)
    assert accuracy_worse(1, 5, 10, margin=0.0) == pytest.approx(stats.binomtest(1, 6, alternative="less").pvalue)
    assert accuracy_worse(0, 0, 10, margin=0.0) == 1.0


def test_a_margin_makes_a_loss_harder_to_show() -> None:
    by_margin = [accuracy_worse(5, 40, 300, margin) for margin in (0.0, 0.02, 0.05, 0.1)]
    assert by_margin == sorted(by_margin)
    assert by_margin[0] < 1e-6 < 1e-4 < by_margin[2]


def _right(generator: np.random.Generator, size: tuple[int, ...], accuracy: float) -> np.ndarray:
    """Two models of the same accuracy that find the same examples hard."""
    hard = generator.beta(9 * accuracy, 9 * (1 - accuracy), size)
    return generator.random((2, *size)) < hard


def test_a_champion_against_its_like_is_called_better_or_worse_as_rarely_as_the_level_says() -> None:
    pairs = _right(np.random.default_rng(1), (TRIALS, 300), 0.9)
    found = [paired_not_worse(new, old, margin=0.02).verdict for new, old in zip(*pairs, strict=True)]
    assert found.count("better") / TRIALS <= LEVEL
    assert found.count("worse") / TRIALS <= LEVEL


def _mean_of(values: np.ndarray) -> Weighted:
    return lambda weights: (weights @ values / weights.sum(axis=1))[:, None]


def test_so_it_is_for_metrics_that_are_resampled() -> None:
    generator = np.random.default_rng(2)
    hard = generator.beta(6, 2, (TRIALS, 60, 1))
    scores = np.clip(hard + generator.normal(0, 0.1, (TRIALS, 60, 2)), 0, 1)
    gaps = [
        paired_metrics_apart(_mean_of(own[:, 0]), _mean_of(own[:, 1]), 60, trials=600, resamples=300, confidence=0.9)
        for own in scores
    ]
    assert sum(gap.low > 0 for gap in gaps) / TRIALS <= ALLOWED
    assert sum(gap.high < 0 for gap in gaps) / TRIALS <= ALLOWED


def _families(generator: np.random.Generator, loss: float) -> tuple[np.ndarray, np.ndarray]:
    """Discordant counts (trials, 10 classes, 2) of 100 examples each; the first class loses, the others gain."""
    shares = np.tile([0.04, 0.04, 0.92], (10, 1))
    shares[0] = [0.02, 0.02 + loss, 0.96 - loss]
    if loss:
        shares[1:] = [0.06, 0.02, 0.92]
    counts = np.stack([generator.multinomial(100, row, TRIALS) for row in shares], axis=1)
    return counts[..., 0], counts[..., 1]


def _named(won: np.ndarray, lost: np.ndarray, margin: float) -> np.ndarray:
    """Which classes are called worse (trials, classes)."""
    corrected = [
        holm([accuracy_worse(int(w), int(x), 100, margin) for w, x in zip(*row, strict=True)])
        for row in zip(won, lost, strict=True)
    ]
    return np.array(corrected) <= LEVEL


def test_no_slice_of_its_like_is_called_worse_more_often_than_the_level_says() -> None:
    """Any of ten slices, without a margin: the whole family is one test."""
    named = _named(*_families(np.random.default_rng(3), loss=0.0), margin=0.0)
    assert named.any(axis=1).mean() <= ALLOWED


def test_a_class_that_loses_is_named_while_the_mean_rises() -> None:
    won, lost = _families(np.random.default_rng(4), loss=0.2)
    assert (won.sum(axis=1) > lost.sum(axis=1)).mean() > 0.75
    named = _named(won, lost, margin=0.02)
    assert named[:, 0].mean() >= POWER
    assert named[:, 1:].any(axis=1).mean() <= LEVEL


@pytest.mark.parametrize(
    ("won", "lost", "margin"),
    [
        (0.03, 0.03, 0.02),
        (0.05, 0.11, 0.02),
        (0.06, 0.04, 0.02),
        (0.02, 0.06, 0.02),
        (0.05, 0.06, 0.03),
        (0.01, 0.045, 0.02),
    ],
)
def test_as_many_examples_as_are_said_to_be_needed_decide_as_often_as_promised(
    won: float, lost: float, margin: float
) -> None:
    gap = won - lost
    needed = examples_needed(gap, (won + lost - gap**2) ** 0.5, margin, exact=True)
    assert needed is not None
    counts = np.random.default_rng(5).multinomial(needed, [won, lost, 1 - won - lost], 1000)
    decided = 0
    for new, old, _ in counts.tolist():
        right = np.repeat([True, False, True], [new, old, needed - new - old])
        verdict = paired_not_worse(right, np.repeat([False, True], [new, needed - new]), margin)
        decided += verdict.verdict != "not_enough_data"
    assert decided / 1000 >= POWER - 0.03  # draws scatter by 0.013
    if gap >= 0:
        assert decided / 1000 <= POWER + 0.07  # with a loss within the margin, either side may decide


def test_models_that_agree_need_what_the_margin_asks_of_them() -> None:
    needed = examples_needed(0.0, 0.0, 0.02)
    assert needed is not None
    everything = np.ones(needed, bool)
    assert paired_not_worse(everything, everything, 0.02).verdict == "not_worse"
    assert paired_not_worse(everything[:-2], everything[:-2], 0.02).verdict == "not_enough_data"
    assert examples_needed(0.0, 0.1, 0.0) is None
