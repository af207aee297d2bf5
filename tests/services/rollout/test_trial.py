"""A candidate is judged on requests that both versions answer: what is as good is kept, what is worse is taken out."""

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.engine import Engine
from services.errors import RequestError
from services.models import Slot
from services.rollout import duel
from services.rollout.duel import Duel, Given, Lane, Side
from services.rollout.likeness import compared, likeness
from services.rollout.measures import ALPHA, all_measures, judged
from services.rollout.trial import Trial
from services.settings import Pin, Settings
from tatara.core.errors import UsageError
from tests.services.images import bomb
from tests.services.model_folder import plain, write_model_folder

RED = plain(200, 10, 10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model_folder(tmp_path_factory.mktemp("trial") / "model")


async def started(folder: Path) -> Engine:
    engine = Engine(Pin(folder), Settings(threads=1))
    await engine.start()
    assert engine.refusal is None
    return engine


def fought(
    request: str, stable: str | None, candidate: str | None, seconds: tuple[float, float] = (1.0, 1.0),
    failed: tuple[bool, bool] = (False, False),
) -> Duel:  # fmt: skip
    def side(label: str | None, seconds: float, failed: bool) -> Side:
        return Side([None if label is None else {"label": label}], seconds, failed)

    sides = [side(*one) for one in zip((stable, candidate), seconds, failed, strict=True)]
    return Duel(Given(request, [b""], {}), *sides)


def judge(folder: Path, duels: Sequence[Duel], truths: dict[str, Any] | None = None) -> tuple[str, str]:
    async def run() -> tuple[str, str]:
        slot = Slot(await started(folder))
        trial = Trial(slot, await started(folder), 0.1, 0.8)
        for one in duels:
            trial.seen(one)
        for request, truth in (truths or {}).items():
            trial.label(request, [truth])
        verdict = trial.verdict()
        trial.close()
        for engine in (trial.engine, slot.current):
            engine.stop()
        return verdict.decision, verdict.reason

    return asyncio.run(run())


def test_what_answers_alike_is_soon_not_worse(folder: Path) -> None:
    same = [fought(str(i), "red", "red") for i in range(400)]
    assert judge(folder, same[:20]) == (
        "undecided", "not enough is known of failures 20 asked; agreement 20 asked; latency 20 asked"
    )  # fmt: skip
    decision, reason = judge(folder, same)
    assert decision == "not_worse"
    assert reason.startswith("within every margin: it fails on 0.0% more of 400; it answers otherwise on 0.0% of")


LOSSES = {
    "failures": (
        [fought(str(i), "red", None, failed=(False, True)) for i in range(30)],
        "failures: it fails on 100.0% more of 30",
    ),
    "agreement": ([fought(str(i), "red", "blue") for i in range(60)], "agreement: it answers otherwise on 100.0% of"),
    "latency": (
        [fought(str(i), "red", "red", (1.0, 2.0)) for i in range(30)],
        "latency: it is 1.25 times slower on 100.0%",
    ),
}


@pytest.mark.parametrize("what", LOSSES)
def test_a_loss_is_named(folder: Path, what: str) -> None:
    duels, reason = LOSSES[what]
    decision, said = judge(folder, duels)
    assert decision == "worse"
    assert said.startswith(reason)


def test_a_few_seconds_more_that_both_take_at_times_are_no_loss(folder: Path) -> None:
    duels = [fought(str(i), "red", "red", (1.0, 2.0) if i % 2 else (2.0, 1.0)) for i in range(400)]
    assert judge(folder, duels)[0] != "worse"


def test_labels_that_arrive_show_a_loss_that_agreement_cannot(folder: Path) -> None:
    """One answer in ten is another: agreement is fine, but it is the candidate that is wrong each time."""
    duels = [fought(str(i), "red", "blue" if i % 10 == 0 else "red") for i in range(600)]
    truths = {str(i): {"label": "red"} for i in range(600)}
    assert judge(folder, duels)[0] == "not_worse"
    decision, reason = judge(folder, duels, truths)
    assert (decision, reason.partition(":")[0]) == ("worse", "quality")
    better = [fought(str(i), "blue" if i % 10 == 0 else "red", "red") for i in range(600)]
    assert judge(folder, better, truths)[0] == "not_worse"


def test_a_label_counts_once_and_whether_it_comes_before_or_after(folder: Path) -> None:
    async def run() -> list[int]:
        slot = Slot(await started(folder))
        trial = Trial(slot, slot.current, 0.0, 0.8)
        counts = []
        for step in (
            lambda: trial.label("a", [{"label": "red", "note": "x"}]),
            lambda: trial.seen(fought("a", "red", "blue")),
            lambda: trial.label("a", [{"label": "red"}]),
            lambda: trial.seen(fought("b", "red", "blue")),
            lambda: trial.label("b", [None]),
            lambda: trial.label("c", [{"label": "red"}]),
        ):
            step()
            counts.append(trial.measures["quality"].observations)
        with pytest.raises(RequestError, match="no truth of classification: `label` is needed"):
            trial.label("d", [{"class": "red"}])
        trial.close()
        slot.current.stop()
        return counts

    assert asyncio.run(run()) == [0, 1, 1, 1, 1, 1]


def test_a_trial_of_a_version_against_itself_is_ended_at_most_alpha_of_the_time() -> None:
    """Over many trials of 400 requests, with labels, where latency is noise and both err alike, each by itself."""
    generator = np.random.default_rng(5)
    worse = 0
    trials = 400
    for _ in range(trials):
        measures = all_measures(0.8)
        slow = generator.choice([-1.0, 0.0, 1.0], 400, p=[0.2, 0.6, 0.2])
        right = generator.random((2, 400)) < 0.9
        differs = generator.random(400) < 0.18
        for seen in np.split(np.arange(400), 20):
            measures["failures"].observe(*np.zeros(20))
            measures["agreement"].observe(*differs[seen].astype(float))
            measures["latency"].observe(*slow[seen])
            measures["quality"].observe(*(right[0, seen] * 1.0 - right[1, seen]))
            if judged(measures).decision == "worse":
                worse += 1
                break
    assert worse <= ALPHA * trials


def test_the_lane_asks_both_with_the_same_files_and_parameters(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duel, "BUSY", 1.0)

    async def run() -> list[Duel]:
        slot = Slot(await started(folder))
        lane = Lane(slot, slot.current, slot.current)
        for given in (
            Given("a", [RED, b"no image"], {"top": "2"}),
            Given("b", [RED], {"nonsense": "1"}),
        ):
            assert lane.offer(given)
        found = [await lane.next(), await lane.next()]
        slot.current.stop()
        return found

    first, second = asyncio.run(run())
    assert first.stable.answers == first.candidate.answers
    answer, refused = first.stable.answers
    assert answer is not None
    assert [one["label"] for one in answer["top"]] == ["red", "green"]
    assert (refused, first.stable.failed) == (None, False)
    assert (second.stable.failed, second.candidate.failed) == (True, True)


def test_the_lane_holds_a_few_requests_and_leaves_large_ones_out(folder: Path) -> None:
    async def run() -> tuple[list[bool], int]:
        slot = Slot(await started(folder))
        lane = Lane(slot, slot.current, slot.current)
        taken = [lane.offer(Given(str(i), [RED], {})) for i in range(duel.WAITING + 2)]
        other = Lane(slot, slot.current, slot.current)
        taken.append(other.offer(Given("large", [bytes(duel.MOST_BYTES + 1)], {})))
        slot.current.stop()
        return taken, lane.left_out

    taken, left_out = asyncio.run(run())
    assert taken == [*[True] * duel.WAITING, False, False, False]
    assert left_out == 2


def test_a_key_is_always_answered_by_the_same_version_and_shares_are_kept(folder: Path) -> None:
    async def run() -> tuple[np.ndarray, np.ndarray]:
        slot = Slot(await started(folder))
        trial = Trial(slot, slot.current, 0.1, 0.8)
        first = np.array([trial.takes(f"caller {i}") for i in range(5000)])
        again = np.array([trial.takes(f"caller {i}") for i in range(5000)])
        trial.share = 0.3
        assert all(trial.takes(f"caller {i}") for i in np.nonzero(first)[0])
        trial.share = 0.0
        assert not any(trial.takes(f"caller {i}") for i in range(100))
        trial.close()
        slot.current.stop()
        return first, again

    first, again = asyncio.run(run())
    assert (first == again).all()
    assert first.mean() == pytest.approx(0.1, abs=0.02)


def box(label: str, x: float) -> dict[str, Any]:
    return {"label": label, "score": 0.9, "box": {"x_min": x, "y_min": 0, "x_max": x + 10, "y_max": 10}}


def image(level: int) -> str:
    return base64.b64encode(plain(level, level, level, side=50)).decode()


def test_likeness_by_hand() -> None:
    assert likeness("classification", {"label": "a"}, {"label": "a", "score": 0.4}) == 1.0
    assert likeness("classification", {"label": "a"}, {"label": "b"}) == 0.0
    two, one = {"objects": [box("a", 0), box("b", 50)]}, {"objects": [box("a", 2)]}
    assert likeness("detection", two, one) == pytest.approx(2 / 3)
    assert likeness("instances", two, {"objects": [box("b", 0), box("a", 50)]}) == 0.0
    assert likeness("detection", {"objects": []}, {"objects": []}) == 1.0
    half = {"classes": [{"label": "a", "share": 0.5}, {"label": "b", "share": 0.5}]}
    most = {"classes": [{"label": "a", "share": 0.7}]}
    assert likeness("segmentation", half, most) == pytest.approx(0.5)
    assert likeness("segmentation", most, most) == pytest.approx(1.0)
    black, white = ({"image": image(level)} for level in (0, 255))
    assert likeness("image", black, white) == 0.0
    assert likeness("image", {"image": image(100)}, compared("image", {"image": image(151)})) == pytest.approx(0.8)
    with pytest.raises(UsageError, match="`image`, a PNG in base64 is needed"):
        likeness("image", black, {"image": "no PNG"})
    cut, huge = plain(1, 2, 3, side=50)[:-30], bomb()
    for broken in (cut, huge, b"\xff\xd8\xff no PNG"):
        for asked in (lambda told: likeness("image", black, told), lambda told: compared("image", told)):
            with pytest.raises(UsageError, match="`image`, a PNG in base64 is needed"):
                asked({"image": base64.b64encode(broken).decode()})
    for broken in ({}, {"objects": [{"label": "a"}]}, {"objects": [{**box("a", 0), "box": None}]}, {"objects": 3}):
        with pytest.raises(UsageError, match="`objects` with `label` and `box` is needed"):
            likeness("detection", two, broken)
