"""Tests that may be looked at after every observation, and ended at any of them, without losing their level.

A gambler starts with 1 and bets on the mean of bounded observations to be above a bound. Where it is not, no way of
betting wins on average, so that he ever owns ``1 / alpha`` with probability ``alpha`` at most (Ville 1939, Etude
critique de la notion de collectif). He stakes a share of what he owns on each observation, as in Waudby-Smith and
Ramdas 2024, Estimating means of bounded random variables by betting (Journal of the Royal Statistical Society B 86),
and spreads what he starts with over many shares, since the best one is not known: a mixture, as in Robbins 1970,
Statistical methods related to the law of the iterated logarithm. On right and wrong this is the mixture SPRT.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SHARES = np.geomspace(0.003, 0.97, 24)
"""Of what may be staked without the danger of owning nothing."""


class State(NamedTuple):
    """What an `AboveBound` has come to; ``owned`` is the logarithm of what each stake has made of its share."""

    observations: int
    total: float
    p_value: float
    owned: tuple[float, ...]


class AboveBound:
    """Evidence that the mean of observations lies above ``bound``, at any time.

    Each observation may depend on those before it: what is tested is that its mean, given them, is at most ``bound``.

    Args:
        bound: ``low <= bound < high``.
        low: the least value that an observation may have.
        high: the greatest.

    Attributes:
        observations: seen.
        total: their sum.
        p_value: always valid, 0..1; it never rises.
    """

    def __init__(self, bound: float, low: float = 0.0, high: float = 1.0) -> None:
        if not low <= bound < high:
            raise ValueError(f"bound {bound} does not lie in [{low}, {high})")
        self.bound, self.low, self.high = bound, low, high
        self.observations, self.total, self.p_value = 0, 0.0, 1.0
        self._stakes = SHARES / max(bound - low, 1e-9) if bound > low else SHARES * 100 / (high - bound)
        self._owned: NDArray[np.float64] = np.full(len(SHARES), -math.log(len(SHARES)))

    def observe(self, values: Sequence[float] | NDArray[np.float64]) -> float:
        """Take observations in, in their order; the p-value after them.

        Raises:
            ValueError: one is not between ``low`` and ``high``.
        """
        seen = np.asarray(values, np.float64)
        if seen.size == 0:
            return self.p_value
        if not ((self.low <= seen) & (seen <= self.high)).all():
            raise ValueError(f"an observation is not in [{self.low}, {self.high}]")
        grown = self._owned + np.log1p(np.outer(seen - self.bound, self._stakes)).cumsum(axis=0)
        self._owned = grown[-1]
        self.observations += seen.size
        self.total += float(seen.sum())
        self.p_value = min(self.p_value, math.exp(-float(np.logaddexp.reduce(grown, axis=1).max())))
        return self.p_value

    @property
    def state(self) -> State:
        """For `restore`, in a process that goes on with the same test."""
        return State(self.observations, self.total, self.p_value, tuple(self._owned.tolist()))

    def restore(self, state: State) -> None:
        """Go on where another one with the same bounds was.

        Raises:
            ValueError: it is of another mixture.
        """
        if len(state.owned) != len(SHARES):
            raise ValueError(f"{len(state.owned)} stakes, where there are {len(SHARES)} now")
        self.observations, self.total, self.p_value = state.observations, state.total, state.p_value
        self._owned = np.array(state.owned, np.float64)

    @property
    def mean(self) -> float:
        """Of what was observed; 0 before anything was."""
        return self.total / self.observations if self.observations else 0.0
