"""Every metric of a challenger against a champion, and how many examples would decide."""

import numpy as np
import pytest

from pipelines.evidence.comparison import compared
from pipelines.metrics.objects import judged as objects
from pipelines.metrics.objects.paired import paired_ap50
from pipelines.metrics.objects.scenes import table
from pipelines.tasks.classification import evaluation
from pipelines.tasks.classification.judged import judged
from registry.evidence import Compared
from tests.pipelines.evidence.tables import LABELS, planted
from tests.pipelines.metrics.objects.made import LABELS as ANIMALS
from tests.pipelines.metrics.objects.made import random_scenes


def _compared(each: int, loss: float, champion: float = 0.9) -> dict[str, Compared]:
    new, old = planted(each=each, champion=champion, loss=loss)
    challenger, reigning = judged(new, old, LABELS, None)
    assert reigning is not None
    figures = evaluation.paired(new, old, 0.02, 0)
    return {one.metric: one for one in compared(challenger, reigning, figures, 0.02, seed=0)}


def test_the_primary_verdict_is_taken_over_and_the_log_loss_is_better_below_zero() -> None:
    found = _compared(each=60, loss=0.0)
    assert list(found) == ["accuracy", "log_loss"]
    assert found["accuracy"].verdict.verdict == "better"
    loss = found["log_loss"]
    assert not loss.higher_is_better
    assert loss.verdict.difference.high < 0
    assert loss.verdict.verdict == "better"
    assert loss.verdict.difference.value == pytest.approx(loss.challenger - loss.champion)
    assert all(one.needed is None for one in found.values())


def test_a_higher_log_loss_is_worse() -> None:
    new, old = planted(each=60, champion=0.9, loss=0.0)
    challenger, reigning = judged(old, new, LABELS, None)
    assert reigning is not None
    found = compared(challenger, reigning, evaluation.paired(old, new, 0.02, 0), 0.02, seed=0)
    assert [one.verdict.verdict for one in found] == ["worse", "worse"]


def test_where_there_is_not_enough_data_it_is_said_how_much_would_do() -> None:
    found = _compared(each=3, loss=0.0, champion=1.0)["accuracy"]
    assert found.verdict.verdict == "not_enough_data"
    assert found.needed == 133
    some = _compared(each=8, loss=0.4)["accuracy"]
    assert some.verdict.verdict == "not_enough_data"
    assert some.needed is not None
    assert 500 < some.needed < 5000


def test_a_detector_is_compared_by_its_own_test_and_by_ap() -> None:
    images = random_scenes(30, seed=5, noise=1.0)
    new, old = table(random_scenes(30, seed=5, noise=6.0), ANIMALS), table(images, ANIMALS)
    challenger, champion = objects.judged(new, old, ANIMALS, by_mask=False)
    assert champion is not None
    primary = paired_ap50(new, old, 0.02, 0, by_mask=False)
    first, second = compared(challenger, champion, primary, 0.02, seed=0)
    assert (first.metric, second.metric) == ("ap50", "ap")
    assert first.verdict == primary
    assert first.challenger - first.champion == pytest.approx(primary.difference.value)
    assert second.verdict.verdict == "worse"
    assert np.isfinite(second.challenger)
