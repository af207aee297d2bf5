"""Intervals and paired tests against published figures, SciPy and simulation."""

import numpy as np
import pytest
from scipy import stats

from tatara.core.statistics import (
    Interval,
    Weighted,
    bootstrap,
    paired_metric_not_worse,
    paired_metrics_apart,
    paired_not_worse,
    paired_proportions_apart,
    proportions_apart,
    resampled,
    wilson,
)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (81, 263), (179, 179), (1, 1)])
def test_wilson_is_scipys(successes: int, trials: int) -> None:
    expected = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    found = wilson(successes, trials)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_wilson_has_width_where_everything_succeeded() -> None:
    found = wilson(179, 179)
    assert found.value == found.high == 1.0
    assert found.low == pytest.approx(179 / (179 + 1.959964**2), rel=1e-6)  # n / (n + z^2)


def test_wilson_without_trials_knows_nothing() -> None:
    assert wilson(0, 0) == Interval(value=0.0, low=0.0, high=1.0)


def test_difference_of_independent_proportions_is_newcombes() -> None:
    found = proportions_apart(wilson(56, 70), wilson(48, 80))  # Newcombe 1998, table II, example (a), method 10
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_bootstrap_of_a_mean_is_scipys_bca() -> None:
    sample = np.random.default_rng(3).exponential(size=80)
    expected = stats.bootstrap((sample,), np.mean, method="BCa", n_resamples=20_000, rng=1).confidence_interval
    (found,) = bootstrap(sample[:, None], lambda means: means, resamples=20_000)
    assert found.value == pytest.approx(sample.mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.01)


def test_bootstrap_gives_the_same_again_and_each_metric_its_own() -> None:
    features = np.random.default_rng(0).normal((0.0, 5.0), size=(50, 2))
    once, again = (bootstrap(features, lambda means: np.stack([means[..., 0], means[..., 1] ** 2], -1)) for _ in "12")
    assert once == again
    assert once[0].low < 0.3
    assert once[1].low > 15


def test_bootstrap_of_an_absolute_value_near_zero_has_width() -> None:
    sample = np.random.default_rng(0).normal(size=(200, 1))
    sample -= sample.mean() - 1e-4
    (found,) = bootstrap(sample, lambda means: np.abs(means))
    assert found.value == pytest.approx(1e-4)
    assert 0 <= found.low <= found.value
    assert 0.05 < found.high < 0.2  # the mean's standard error is 0.07


def test_bootstrap_covers_the_truth_as_often_as_it_says() -> None:
    generator, covered = np.random.default_rng(7), 0
    for trial in range(300):
        (found,) = bootstrap(generator.exponential(size=(60, 1)), lambda means: means, seed=trial, resamples=500)
        covered += found.low <= 1.0 <= found.high
    assert 0.90 <= covered / 300 <= 0.98  # 0.95, less the small sample of a skewed distribution


def test_paired_difference_solves_tangos_equation() -> None:
    found = paired_proportions_apart(12, 2, 50)  # the counts (36, 12, 2, 0) of Newcombe 1998
    assert found.value == pytest.approx(0.2)
    for end, sign in ((found.low, 1), (found.high, -1)):
        shares = np.linspace(1e-6, (1 - abs(end)) / 2 - 1e-6, 400_000) + max(0.0, -end)
        likelihood = 12 * np.log(shares + end) + 2 * np.log(shares) + 36 * np.log(1 - 2 * shares - end)
        best = shares[np.nanargmax(likelihood)]
        score = (12 - 2 - 50 * end) / np.sqrt(50 * (2 * best + end * (1 - end)))
        assert score == pytest.approx(sign * 1.959964, abs=1e-3)


def test_paired_difference_has_width_without_discordant_answers() -> None:
    found = paired_proportions_apart(0, 0, 179)
    assert found.high == -found.low == pytest.approx(1.959964**2 / (179 + 1.959964**2), abs=1e-6)


def test_paired_difference_is_antisymmetric_and_bounded() -> None:
    one, other = paired_proportions_apart(7, 30, 200), paired_proportions_apart(30, 7, 200)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert paired_proportions_apart(50, 0, 50).high == 1.0
    assert paired_proportions_apart(0, 0, 0) == Interval(value=0.0, low=-1.0, high=1.0)


def test_paired_difference_covers_the_truth_as_often_as_it_says() -> None:
    generator, covered = np.random.default_rng(5), 0
    for _ in range(400):
        won, lost, _both = generator.multinomial(150, [0.04, 0.02, 0.94])
        found = paired_proportions_apart(int(won), int(lost), 150)
        covered += found.low <= 0.02 <= found.high
    assert 0.92 <= covered / 400 <= 0.985


def _answers(right: int, wrong: int) -> np.ndarray:
    return np.array([True] * right + [False] * wrong, bool)


@pytest.mark.parametrize(
    ("challenger", "champion", "verdict"),
    [
        (_answers(100, 0), _answers(60, 40), "better"),
        (_answers(1000, 0), _answers(1000, 0), "not_worse"),
        (_answers(60, 40), _answers(100, 0), "worse"),
        (_answers(10, 0), _answers(10, 0), "not_enough_data"),
        (_answers(0, 0), _answers(0, 0), "not_enough_data"),
    ],
)
def test_verdicts(challenger: np.ndarray, champion: np.ndarray, verdict: str) -> None:
    assert paired_not_worse(challenger, champion, margin=0.01).verdict == verdict


def test_a_small_loss_within_the_margin_is_not_worse() -> None:
    champion = _answers(20_000, 0)
    found = paired_not_worse(_answers(19_960, 40), champion, margin=0.01)
    assert found.verdict == "not_worse"
    assert found.difference.high < 0
    assert found.only_champion == 40
    assert paired_not_worse(_answers(19_960, 40), champion, margin=0.001).verdict == "worse"


def test_identical_models_pass_the_margin_of_int8_on_the_digits() -> None:
    everything = _answers(177, 2)
    assert paired_not_worse(everything, everything, margin=0.02).verdict == "not_worse"
    assert paired_not_worse(everything, everything, margin=0.01).verdict == "not_enough_data"


def test_false_alarms_are_as_rare_as_the_level_says() -> None:
    """A challenger that truly loses exactly the margin is called not worse in about one case of twenty."""
    generator, passed = np.random.default_rng(11), 0
    for _ in range(400):
        draws = generator.choice(3, size=500, p=[0.02, 0.05, 0.93])
        passed += paired_not_worse(draws != 1, draws != 0, margin=0.03).verdict in ("better", "not_worse")
    assert passed / 400 <= 0.085


def _mean_of(values: np.ndarray) -> Weighted:
    return lambda weights: (weights @ values / weights.sum(axis=1))[:, None]


def test_resampled_share_is_near_its_exact_interval() -> None:
    right = (np.arange(400) % 5 > 0).astype(float)
    (found,) = resampled(_mean_of(right), 400, trials=400)
    exact = wilson(320, 400)
    assert found is not None
    assert found.value == pytest.approx(0.8)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.01)


def test_resampled_quantiles_are_reflected_at_the_estimate() -> None:
    """The largest of a sample only falls in its resamples, so that the truth lies above it."""
    values = np.linspace(0.1, 0.8, 50)
    (found,) = resampled(lambda weights: ((weights > 0) * values).max(axis=1)[:, None], 50, trials=50)
    assert found is not None
    assert found.low == pytest.approx(0.8)
    assert 0.81 < found.high < 0.95


def test_resampled_without_spread_knows_no_more_than_its_trials() -> None:
    (found,) = resampled(_mean_of(np.ones(10)), 10, trials=25)
    assert found == wilson(25, 25)


def test_resampled_leaves_out_what_is_undefined() -> None:
    nothing, sometimes = np.full(4, np.nan), np.array([0.5, np.nan, np.nan, np.nan])

    def statistic(weights: np.ndarray) -> np.ndarray:
        there = weights[:, :1] > 0
        return np.where([False, True], np.where(there, sometimes[0], np.nan), nothing[0])

    first, second = resampled(statistic, 4, trials=30)
    assert first is None
    assert second == wilson(15, 30)


def test_paired_metrics_on_the_same_examples_vary_less_than_each() -> None:
    generator = np.random.default_rng(0)
    hard = generator.random(300)
    better, worse = _mean_of(hard + 0.05), _mean_of(hard + generator.normal(0, 0.01, 300))
    found = paired_metrics_apart(better, worse, 300, trials=5000)
    assert found.value == pytest.approx(0.05, abs=0.003)
    assert found.high - found.low < 0.01
    verdict = paired_metric_not_worse(worse, better, 300, trials=5000, margin=0.02)
    assert (verdict.verdict, verdict.only_challenger, verdict.only_champion) == ("worse", 0, 300)
    assert paired_metric_not_worse(worse, better, 300, trials=5000, margin=0.1).verdict == "not_worse"
    assert paired_metric_not_worse(better, worse, 300, trials=5000, margin=0.02).verdict == "better"


def test_paired_metrics_that_agree_are_no_narrower_than_the_trials_allow() -> None:
    same = _mean_of(np.full(20, 0.5))
    found, floor = paired_metrics_apart(same, same, 20, trials=30), paired_proportions_apart(0, 0, 30)
    assert (found.value, found.low, found.high) == (0.0, floor.low, floor.high)
    assert paired_metric_not_worse(same, same, 20, trials=30, margin=0.02).verdict == "not_enough_data"
    assert paired_metric_not_worse(same, same, 20, trials=300, margin=0.02).verdict == "not_worse"
