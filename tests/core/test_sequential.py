"""The sequential tests as statistics: over many streams, how often they are wrong and how soon they are right."""

import numpy as np
import pytest

from tatara.core.sequential import AboveBound

ALPHA = 0.05
STREAMS, LENGTH = 1500, 600


def rejected(streams: np.ndarray, bound: float, low: float) -> float:
    """Share of streams whose p-value is ever at most `ALPHA`."""
    return float(np.mean([AboveBound(bound, low).observe(stream) <= ALPHA for stream in streams]))


def steps(*shares: float, streams: int = STREAMS, length: int = LENGTH) -> np.ndarray:
    """Observations -1, 0 and 1 with these probabilities."""
    return np.random.default_rng(7).choice([-1.0, 0.0, 1.0], (streams, length), p=shares)


@pytest.mark.parametrize("shares", [(0.5, 0.0, 0.5), (0.05, 0.9, 0.05), (0.01, 0.98, 0.01)])
def test_two_that_are_alike_are_told_apart_at_most_alpha_of_the_time_however_often_one_looks(
    shares: tuple[float, float, float],
) -> None:
    assert rejected(steps(*shares), 0.0, -1.0) <= ALPHA


def test_a_fixed_test_that_is_looked_at_as_often_would_be_wrong_far_more_often() -> None:
    """What the sequential test is for."""
    streams = steps(0.5, 0.0, 0.5)
    looks = np.arange(20, LENGTH)
    z = streams.cumsum(axis=1)[:, looks] / np.sqrt(looks + 1)
    assert np.mean((z > 1.645).any(axis=1)) > 5 * ALPHA


@pytest.mark.parametrize("mean", [0.05, 0.2])
def test_a_mean_at_the_bound_is_not_called_above_it(mean: float) -> None:
    streams = (np.random.default_rng(3).random((STREAMS, LENGTH)) < mean).astype(float)
    assert rejected(streams, mean, 0.0) <= ALPHA


def test_observations_that_depend_on_those_before_them_keep_the_level() -> None:
    """The stake of one side doubles after a loss: fair at every step, and far from independent."""
    generator = np.random.default_rng(11)
    streams = generator.choice([-1.0, 1.0], (STREAMS, LENGTH))
    size = np.ones((STREAMS, LENGTH))
    size[:, 1:] = np.where(streams[:, :-1] < 0, 1.0, 0.1)
    assert rejected(streams * size, 0.0, -1.0) <= ALPHA


@pytest.mark.parametrize(
    ("shares", "within"),
    [((0.0, 0.95, 0.05), 300), ((0.1, 0.6, 0.3), 200), ((0.02, 0.9, 0.08), 600), ((0.0, 0.0, 1.0), 12)],
)
def test_a_loss_is_caught(shares: tuple[float, float, float], within: int) -> None:
    streams = steps(*shares, streams=300, length=within)
    assert rejected(streams, 0.0, -1.0) >= 0.9


def test_what_never_differs_is_soon_within_a_margin() -> None:
    test = AboveBound(-0.02, -1.0)
    assert test.observe(np.zeros(100)) > ALPHA
    assert test.observe(np.zeros(300)) <= ALPHA


def test_one_by_one_and_all_at_once_are_the_same_and_the_p_value_never_rises() -> None:
    values = np.random.default_rng(1).choice([-1.0, 0.0, 1.0], 200)
    one, all_at_once = AboveBound(0.0, -1.0), AboveBound(0.0, -1.0)
    path = [one.observe([value]) for value in values]
    assert all_at_once.observe(values) == pytest.approx(path[-1])
    assert path == sorted(path, reverse=True)
    assert (one.observations, one.mean) == (200, pytest.approx(values.mean()))


def test_a_bound_at_the_least_value_is_passed_by_anything_above_it() -> None:
    test = AboveBound(0.0, 0.0)
    assert test.observe(np.zeros(50)) == 1.0
    assert test.observe([1.0, 1.0]) < 0.05


def test_what_is_out_of_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="does not lie in"):
        AboveBound(1.0)
    with pytest.raises(ValueError, match=r"is not in \[0.0, 1.0\]"):
        AboveBound(0.5).observe([0.2, 1.5])


def test_a_test_that_is_kept_and_restored_goes_on_as_if_it_had_not_ended() -> None:
    stream = steps(0.02, 0.9, 0.08, streams=1)[0]
    whole, first, second = (AboveBound(0.0, -1.0) for _ in range(3))
    whole.observe(stream)
    first.observe(stream[:250])
    second.restore(first.state)
    assert second.observe(stream[250:]) == pytest.approx(whole.p_value, rel=1e-12)
    assert (second.observations, second.mean) == (whole.observations, pytest.approx(whole.mean))
    with pytest.raises(ValueError, match="stakes"):
        second.restore(first.state._replace(owned=(0.0,)))
