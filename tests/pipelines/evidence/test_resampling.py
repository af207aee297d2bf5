"""Resamples of paired metrics: as statistics on simulated pairs, and where there is nothing to resample."""

import numpy as np
import pytest
from scipy import stats

from pipelines.evidence.reliability import CALIBRATION, SEVERITY, reliability
from pipelines.evidence.resampling import apart, p_of_loss, sampled, weightings, widened
from pipelines.metrics.judged import mean_gap, mean_of, within
from pipelines.tasks.classification.judged import judged
from tatara.core.statistics import Interval, paired_proportions_apart
from tests.pipelines.evidence.tables import LABELS, planted

TRIALS = 1000


@pytest.mark.parametrize("examples", [12, 60])
def test_a_loss_is_seen_where_there_is_none_as_rarely_as_the_level_says(examples: int) -> None:
    generator, weights, seen = np.random.default_rng(5), weightings(examples, 0, 400), 0
    for _ in range(TRIALS):
        hard = generator.beta(6, 2, (examples, 1))
        new, old = np.clip(hard + generator.normal(0, 0.15, (examples, 2)), 0, 1).T
        seen += p_of_loss(apart(mean_of(new), mean_of(old), weights), 0.0, examples) <= 0.05
    assert seen / TRIALS <= stats.binom.ppf(0.999, TRIALS, 0.05) / TRIALS


def test_a_planted_loss_is_seen_and_a_margin_forgives_it() -> None:
    generator = np.random.default_rng(0)
    old = generator.beta(6, 2, 80)
    difference = apart(mean_of(old - 0.05 + generator.normal(0, 0.05, 80)), mean_of(old), weightings(80, 0))
    assert p_of_loss(difference, 0.0, 80) < 1e-6
    assert p_of_loss(difference, 0.1, 80) > 0.999
    assert difference.interval().high < 0


def test_without_examples_or_spread_nothing_is_known() -> None:
    nothing = apart(mean_of(np.empty(0)), mean_of(np.empty(0)), weightings(0, 0))
    assert nothing.interval() == Interval(value=0.0, low=-1.0, high=1.0)
    assert p_of_loss(nothing, 0.0, 0) == 1.0
    same = apart(mean_of(np.full(9, 0.5)), mean_of(np.full(9, 0.5)), weightings(9, 0))
    floor = paired_proportions_apart(0, 0, 9)
    assert widened(same.interval(), 9) == Interval(value=0.0, low=floor.low, high=floor.high)


def test_a_part_that_a_resample_does_not_hold_is_left_out() -> None:
    shown = np.arange(20) == 3
    found = sampled(within(mean_of(np.ones(20)), shown), weightings(20, 0))
    assert np.isnan(found.values).mean() == pytest.approx(0.95**20, abs=0.05)
    assert found.interval() == Interval(value=1.0, low=1.0, high=1.0)


def test_the_calibration_error_by_hand() -> None:
    gaps = np.array([[0.2, 0.0], [0.4, 0.0], [0.0, -0.3]])  # two answers in one bin, one in another
    weights = np.array([[1.0, 1, 1], [2, 0, 1]])
    assert mean_gap(gaps, np.ones(3))(weights)[:, 0] == pytest.approx([0.9 / 3, 0.7 / 3])


def test_overconfidence_is_a_calibration_that_got_worse() -> None:
    new, old = planted(each=60, champion=0.9, loss=0.1)
    new["score"] = 1.0
    challenger, champion = judged(new, old, LABELS, None)
    found = reliability(CALIBRATION, challenger, champion, 0)
    assert found is not None
    assert not found.higher_is_better
    assert found.champion is not None
    assert found.difference is not None
    assert found.challenger.low > 0
    right = (new["label"] == new["predicted"]).mean(), (old["label"] == old["predicted"]).mean()
    assert found.difference.value == pytest.approx((1 - right[0]) - abs(0.9 - right[1]))
    assert reliability(SEVERITY, challenger, champion, 0) is None


def test_mistakes_that_got_more_severe_are_seen() -> None:
    """The class after the true one is in the other half of the tree for 4 and 9 alone."""
    new, old = planted(each=40, champion=0.7, loss=0.0)
    halves = {label: ["low" if int(label) < 5 else "high"] for label in LABELS}
    wrong = (new["label"] != new["predicted"]).to_numpy()
    far = new.assign(predicted=np.where(wrong, "0", new["predicted"]))
    challenger, champion = judged(far, old, LABELS, halves)
    found = reliability(SEVERITY, challenger, champion, 0)
    assert found is not None
    assert found.difference is not None
    assert found.difference.low > 0.1
    perfect = judged(old.assign(predicted=old["label"]), None, LABELS, halves)[0]
    assert reliability(SEVERITY, perfect, None, 0) is None
