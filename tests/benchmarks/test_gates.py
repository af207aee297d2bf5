"""The gates as statistics, on fewer pairs than ``python -m benchmarks.gates`` counts."""

import numpy as np
import pytest

from benchmarks import gates
from tatara.core.hypotheses import LEVEL

TRIALS = 60


def test_the_bound_is_the_binomials() -> None:
    """Of 1000 trials at 5 %, more than 73 false alarms come once in a thousand."""
    assert gates.allowed(1000) == 0.073
    assert LEVEL < gates.allowed(1000) < gates.allowed(TRIALS) < 0.2


def test_what_loses_the_margin_in_every_class_passes_as_rarely_as_the_level_says() -> None:
    """Eight slices, each tested at its edge: without Holm's correction one of them would fail in every third trial."""
    found = gates.at_the_margin(TRIALS, examples=640)
    assert found["passed"] <= gates.allowed(TRIALS)
    assert found["slice"] <= gates.allowed(TRIALS)


@pytest.mark.parametrize("kind", list(gates.KINDS))
def test_a_class_that_lost_is_named_while_the_mean_rises(kind: str) -> None:
    count, loss = gates.PLANTED[kind]
    shift = [-loss if label == gates.LOST else loss for label in gates.LABELS]
    generator = np.random.default_rng(2)
    for _ in range(2):
        whole, parts = gates.verdicts(kind, generator, count, shift)
        assert parts.verdict == "fail"
        assert f"label = {gates.LOST}:" in parts.line
        assert float(whole.numbers["value"] or 0) > 0
