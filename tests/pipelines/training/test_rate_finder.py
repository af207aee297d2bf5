"""The range test on curves whose answer is known."""

import numpy as np
import pytest

from pipelines.training.rate_finder import suggest, sweep_rate
from tatara.core.errors import TataraError


def test_a_tenth_of_the_rate_with_the_lowest_loss_is_suggested() -> None:
    rate = sweep_rate(700)
    rates = np.array([float(rate(step)) for step in range(700)])
    assert rates[[0, -1]] == pytest.approx([1e-7, 1.0], rel=0.05)
    losses = 2 + np.where(rates < 1e-2, -np.log10(rates / 1e-7) / 5, -1 + 10 * np.log10(rates / 1e-2) ** 2)
    assert suggest(rates, losses).suggested == pytest.approx(1e-3, rel=0.5)


def test_a_loss_that_only_rises_is_an_error() -> None:
    with pytest.raises(TataraError, match="rises at every rate"):
        suggest(np.geomspace(1e-7, 1, 50), np.linspace(1, 9, 50))
