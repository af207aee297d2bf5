"""Parts of the test split: a loss in one of them while the mean rises, and none where there is none."""

import numpy as np
import pandas
import pytest

from pipelines.evidence.slices import LEAST, slices
from pipelines.metrics.objects import judged as objects
from pipelines.metrics.objects.scenes import Scene, table
from pipelines.tasks.classification.judged import judged
from registry.evidence import SHOWN_WORST, Slice
from tests.pipelines.evidence.tables import LABELS, planted
from tests.pipelines.metrics.objects.made import LABELS as ANIMALS
from tests.pipelines.metrics.objects.made import random_scenes, regions, scene


def _slices(new: pandas.DataFrame, old: pandas.DataFrame, margin: float = 0.02) -> tuple[Slice, ...]:
    challenger, champion = judged(new, old, LABELS, None)
    assert champion is not None
    digits = np.array([int(digest) for digest in challenger.digests])
    columns = {
        ("camera", "even"): digits % 2 == 0,
        ("camera", "odd"): digits % 2 == 1,
        ("rare", "x"): digits < LEAST - 1,
    }
    return slices(challenger, champion, columns, margin, seed=0)


def test_a_class_that_got_worse_is_first_and_named_while_the_mean_rises() -> None:
    new, old = planted(each=120, champion=0.9, loss=0.2)
    assert (new["label"] == new["predicted"]).mean() > (old["label"] == old["predicted"]).mean() + 0.01
    first, *others = _slices(new, old)
    assert (first.column, first.value, first.examples) == ("label", "8", 120)
    assert first.p_holm < 0.001
    assert first.difference.high < -0.02
    assert all(one.p_holm > 0.5 for one in others)
    own = new.set_index("path").join(old.set_index("path"), rsuffix="_old")
    lost = own[(own["predicted"] != own["label"]) & (own["predicted_old"] == own["label"])]
    assert len(first.worst) == SHOWN_WORST
    assert set(first.worst) <= set(lost.index)


def test_figures_of_a_slice_are_those_of_its_examples() -> None:
    new, old = planted(each=40, champion=0.8, loss=0.3)
    found = {(one.column, one.value): one for one in _slices(new, old)}
    assert set(found) == {("label", label) for label in LABELS} | {("camera", "even"), ("camera", "odd")}
    even = new["digest"].astype(int) % 2 == 0
    one = found["camera", "even"]
    assert one.challenger == pytest.approx((new["label"] == new["predicted"])[even].mean())
    assert one.champion == pytest.approx((old["label"] == old["predicted"])[even].mean())
    assert one.difference.value == pytest.approx(one.challenger - one.champion)


def test_the_same_answers_are_worse_nowhere_and_too_few_are_said_to_be() -> None:
    _, old = planted(each=20, champion=0.9, loss=0.0)
    for one in _slices(old, old):
        assert (one.p_worse, one.p_holm, one.worst) == (1.0, 1.0, ())
        if one.column == "label":
            assert one.needed == 133  # z^2 * 0.98 / 0.02: what rules out a loss of two points without any difference


def test_a_margin_is_what_a_slice_may_lose() -> None:
    new, old = planted(each=400, champion=0.9, loss=0.06)
    strict, lenient = (_slices(new, old, margin)[0] for margin in (0.01, 0.1))
    assert strict.p_holm < 0.05 < lenient.p_holm


def test_every_slice_looked_at_makes_the_others_harder_to_show() -> None:
    found = _slices(*planted(each=60, champion=0.9, loss=0.12))
    worst = min(found, key=lambda one: one.p_worse)
    assert worst.p_holm == pytest.approx(min(1.0, len(found) * worst.p_worse))


def _blind(one: Scene, label: int) -> Scene:
    """The scene without answers of one class."""
    part, kept = one.answer, one.answer.classes != label
    less = regions(part.boxes[kept].tolist(), part.classes[kept].tolist(), part.scores[kept].tolist())
    return scene(one.truth, less, int(one.digest))


def test_objects_are_cut_by_class_and_by_their_own_size() -> None:
    images = random_scenes(80, seed=1, noise=1.0)
    tables = table([_blind(one, 1) for one in images], ANIMALS), table(images, ANIMALS)
    challenger, champion = objects.judged(*tables, ANIMALS, by_mask=False)
    assert champion is not None
    found = slices(challenger, champion, {}, 0.02, seed=0)
    assert {one.value for one in found if one.column == "object size"} <= {"small", "medium", "large"}
    assert (found[0].column, found[0].value) == ("label", "dog")
    assert found[0].p_holm < 1e-6
    assert found[0].challenger == 0.0
    assert all(one.p_holm == 1.0 for one in found if one.value in ("cat", "owl"))
    seen = {one.path for one in images if (one.answer.classes == 1).any()}
    assert set(found[0].worst) <= seen
