"""A canary and a shadow over HTTP: who is answered by which version, and how a trial ends."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.rollout import duel
from services.rollout.deployment import Deployment
from services.rollout.starting import prepare
from tests.services.in_process import following
from tests.services.model_folder import LABELS, plain
from tests.services.rollout.published import NAME, Published, until

IMAGE = {"content-type": "image/png"}
COLOURS = {"red": (200, 10, 10), "green": (10, 200, 10), "blue": (10, 10, 200)}


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Published:
    """1 is the champion; 2 and 3 answer as it does, 4 calls red green."""
    monkeypatch.setattr(duel, "BUSY", 1.0)
    made = Published(tmp_path)
    for version in "123":
        made.make(version, LABELS)
    made.make("4", ("green", "red", "blue"))
    made.publish("1")
    return made


@pytest.fixture
def http(request: pytest.FixtureRequest, published: Published, deployed: Deployment) -> Iterator[httpx.Client]:
    with following(deployed) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def deployed(published: Published, tmp_path: Path) -> Deployment:
    made = published.deployment(tmp_path / "deployments" / NAME, canary=0.3)
    prepare(made)
    return made


def ask(http: httpx.Client, colour: str = "red", **headers: str) -> tuple[str, str, str]:
    """Id of the request, version and label."""
    answer = http.post("/predict", content=plain(*COLOURS[colour]), headers=IMAGE | headers)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["model"]["version"] == answer.headers["x-tatara-version"]
    return answer.headers["x-request-id"], body["model"]["version"], body["answers"][0]["label"]


def ask_until(http: httpx.Client, deployed: Deployment, holds, label: bool = False) -> None:
    for number in range(3000):
        colour = sorted(COLOURS)[number % 3]
        request, _, _ = ask(http, colour)
        if label:
            told = http.post("/feedback", json={"request_id": request, "answers": [{"label": colour}]})
            assert told.status_code == 200
        status = deployed.status
        if status is not None and holds(status):
            return
    raise AssertionError(f"not within 3000 requests: {deployed.status}")


def test_a_canary_that_is_as_good_is_told_to_be_and_an_operator_makes_it_the_champion(
    published: Published, deployed: Deployment, http: httpx.Client
) -> None:
    published.publish("2", "canary")
    until(deployed, lambda one: one.candidate)
    by_key = {key: {ask(http, **{"x-tatara-key": key})[1] for _ in range(3)} for key in map(str, range(30))}
    assert all(len(versions) == 1 for versions in by_key.values())
    assert set.union(*by_key.values()) == {"1", "2"}

    ask_until(http, deployed, lambda one: one.trial and one.trial["decision"] == "not_worse")
    status = until(deployed, lambda one: one.trial)
    assert status.serving.version == "1", "the server makes no champion"
    assert deployed.history()[0].event == "ready"
    published.publish("2")
    status = until(deployed, lambda one: one.serving.version == "2" and one.candidate is None)
    assert ask(http)[1] == "2"
    assert [one.event for one in deployed.history()][:2] == ["ended", "swapped"]


def test_a_canary_that_is_worse_is_taken_out_and_does_not_come_back(
    published: Published, deployed: Deployment, http: httpx.Client
) -> None:
    published.publish("4", "canary")
    until(deployed, lambda one: one.candidate)
    ask_until(http, deployed, lambda one: one.withdrawn)

    status = until(deployed, lambda one: one.candidate is None)
    assert status.withdrawn is not None
    assert status.withdrawn[1].startswith("agreement: it answers otherwise on ")
    assert {ask(http, **{"x-tatara-key": str(i)})[1] for i in range(30)} == {"1"}
    events = {one.event: one for one in deployed.history()}
    assert (events["withdrawn"].by, events["withdrawn"].reason) == ("server", status.withdrawn[1])
    assert deployed.history()[0].event == "ended"

    published.publish("3", "canary")
    assert until(deployed, lambda one: one.candidate).candidate.version == "3"


def test_labels_end_a_canary_whose_answers_agree_enough(
    published: Published, deployed: Deployment, http: httpx.Client
) -> None:
    deployed.want(deployed.desired.model_copy(update={"least_agreement": 0.01}))
    published.publish("4", "canary")
    until(deployed, lambda one: one.candidate)
    ask_until(http, deployed, lambda one: one.withdrawn, label=True)
    status = until(deployed, lambda one: one.withdrawn)
    assert status.withdrawn[1].startswith("quality: it is right on ")


def test_a_shadow_is_asked_and_never_answers(published: Published, deployed: Deployment, http: httpx.Client) -> None:
    deployed.want(deployed.desired.model_copy(update={"canary": None, "shadow": True}))
    published.publish("4", "canary")
    until(deployed, lambda one: one.candidate)
    asked = {ask(http, **{"x-tatara-key": str(i)})[1:] for i in range(40)}
    assert asked == {("1", "red")}
    ask_until(http, deployed, lambda one: one.withdrawn)
    assert [one.event for one in reversed(deployed.history())][:2] == ["deployed", "shadow"]


def test_a_canary_that_cannot_be_loaded_is_refused_and_the_champion_answers_all(
    published: Published, deployed: Deployment, http: httpx.Client
) -> None:
    (published.model("2") / "model.onnx").write_bytes(b"broken")
    published.pack("2")
    published.publish("2", "canary")
    (refusal,) = until(deployed, lambda one: one.refusals).refusals
    assert (refusal.role, refusal.version) == ("canary", "2")
    assert {ask(http, **{"x-tatara-key": str(i)})[1] for i in range(20)} == {"1"}


def test_another_canary_takes_its_place_and_another_champion_begins_the_trial_anew(
    published: Published, deployed: Deployment, http: httpx.Client
) -> None:
    published.publish("2", "canary")
    until(deployed, lambda one: one.candidate)
    published.publish("3", "canary")
    until(deployed, lambda one: one.candidate and one.candidate.version == "3")
    published.publish("2")
    until(deployed, lambda one: len(deployed.history()) == 7)
    assert {ask(http, **{"x-tatara-key": str(i)})[1] for i in range(30)} == {"2", "3"}
    events = [(one.event, one.version) for one in reversed(deployed.history())]
    assert events == [
        ("deployed", "1"), ("canary", "2"), ("ended", "2"), ("canary", "3"), ("swapped", "2"), ("ended", "3"),
        ("canary", "3"),
    ]  # fmt: skip
    assert until(deployed, lambda one: one.candidate).refusals == ()
    told = http.get("/metrics").text
    assert [f'version="{version}"}} 1.0' in told for version in "123"] == [False, True, True]


def test_a_canary_ends_when_the_registry_or_the_operator_withdraws_it(
    published: Published, deployed: Deployment, http: httpx.Client
) -> None:
    published.publish("2", "canary")
    until(deployed, lambda one: one.candidate)
    published.publish(None, "canary", reason="more errors at night")
    until(deployed, lambda one: one.candidate is None)
    assert deployed.history()[0].reason == "more errors at night"
    release = published.publish("3", "canary")
    until(deployed, lambda one: one.candidate)
    deployed.want(deployed.desired.model_copy(update={"ended": release.sequence}))
    until(deployed, lambda one: one.candidate is None)
    deployed.want(deployed.desired.model_copy(update={"ended": None}))
    until(deployed, lambda one: one.candidate)


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        (b"{", 400, "json"),
        (b"[]", 422, "body"),
        (b'{"request_id": "a"}', 422, "body"),
        (b'{"request_id": "a", "answers": [3]}', 422, "answers"),
        (b'{"request_id": "a", "answers": [{"class": "red"}]}', 422, "answers"),
        (b'{"request_id": "a", "answers": [{}], "model": "shapes"}', 404, "model"),
        (b" " * (2**20 + 1), 413, "max_body"),
        (b"[" * 100_000, 400, "json"),
    ],
)
def test_labels_that_are_none_are_refused(
    published: Published, deployed: Deployment, http: httpx.Client, body: bytes, status: int, rule: str
) -> None:
    published.publish("2", "canary")
    until(deployed, lambda one: one.candidate)
    answer = http.post("/feedback", content=body)
    assert (answer.status_code, answer.json()["rule"]) == (status, rule)


def test_without_a_trial_a_label_is_taken_and_does_not_count(http: httpx.Client) -> None:
    answer = http.post("/feedback", json={"request_id": "a", "answers": [{"label": "red"}]})
    assert answer.json() == {"counted": False}


def test_status_and_history_are_told_without_the_machines_paths(
    published: Published, deployed: Deployment, http: httpx.Client, tmp_path: Path
) -> None:
    published.publish("2", reason="one point better")
    until(deployed, lambda one: one.serving.version == "2")
    answer = http.get("/deployments.json")
    (one,) = answer.json()["deployments"]
    assert (one["name"], one["status"]["serving"]["version"]) == (NAME, "2")
    assert [event["event"] for event in one["history"]] == ["swapped", "deployed"]
    assert str(tmp_path) not in answer.text


def begun(deployed: Deployment) -> str:
    """What the history says of the last trial's beginning."""
    return next(one.reason for one in deployed.history() if one.event == "canary")


def test_a_trial_goes_on_after_a_restart(published: Published, deployed: Deployment) -> None:
    published.publish("2", "canary")
    with following(deployed) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        until(deployed, lambda one: one.candidate)
        ask_until(client, deployed, lambda one: one.trial and one.trial["measures"]["agreement"]["observations"] > 20)
        until(deployed, lambda _: deployed.tried and deployed.tried.measures["agreement"].worse.observations > 20)
    kept = deployed.tried
    assert kept is not None
    prepare(deployed)
    with following(deployed):
        status = until(deployed, lambda one: one.trial)
    assert status.trial["measures"]["agreement"]["observations"] == kept.measures["agreement"].worse.observations
    assert status.trial["measures"]["agreement"]["p_not_worse"] == kept.measures["agreement"].fine.p_value
    assert "it goes on after a restart" in begun(deployed)

    deployed.want(deployed.desired.model_copy(update={"least_agreement": 0.5}))
    prepare(deployed)
    with following(deployed):
        until(deployed, lambda one: one.trial and one.trial["measures"]["agreement"]["observations"] == 0)
    assert "goes on" not in begun(deployed), "another rule, another trial"
