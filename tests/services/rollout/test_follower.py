"""What the channel names is brought in beside what serves; whatever is wrong with it, the one before serves on."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.signing import make_keys, sign
from services.rollout.deployment import Deployment
from services.rollout.records import Pinned
from services.rollout.starting import prepare
from tatara.core.envelope import seal
from tatara.core.errors import RefusedError, TataraError
from tatara.core.files import read_json, write_json
from tatara.core.release import KIND
from tests.services.in_process import following
from tests.services.model_folder import plain
from tests.services.rollout.published import NAME, Published, until

RED, IMAGE = plain(200, 10, 10), {"content-type": "image/png"}


@pytest.fixture
def published(tmp_path: Path) -> Published:
    """Version 1 is the champion, version 2 is packaged."""
    made = Published(tmp_path)
    made.make("1")
    made.make("2")
    made.publish("1")
    return made


@pytest.fixture
def deployed(published: Published, tmp_path: Path) -> Deployment:
    made = published.deployment(tmp_path / "deployments" / NAME)
    prepare(made)
    return made


@pytest.fixture
def url(deployed: Deployment) -> Iterator[str]:
    with following(deployed) as url:
        yield url


def ask(url: str) -> tuple[str, str, str]:
    """The version that the header names, the one that the body names, and the words of the answer."""
    answer = httpx.post(f"{url}/predict", content=RED, headers=IMAGE, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.headers["x-tatara-version"], answer.json()["model"]["version"], answer.json()["answers"][0]["label"]


def test_the_new_champion_answers_and_history_says_by_whom_and_why(
    published: Published, deployed: Deployment, url: str
) -> None:
    assert ask(url) == ("1", "1", "red-1")
    published.publish("2", reason="one point better")
    status = until(deployed, lambda one: one.serving.version == "2")

    assert ask(url) == ("2", "2", "red-2")
    told = [line for line in httpx.get(f"{url}/metrics", trust_env=False).text.splitlines() if "model_info{" in line]
    assert [('version="2"' in line, 'provider="CPUExecutionProvider"' in line) for line in told] == [(True, True)]
    assert status.previous is not None
    assert status.previous.version == "1"
    assert status.refusals == ()
    swapped, first = deployed.history()
    assert (swapped.event, swapped.version, swapped.before, swapped.by) == ("swapped", "2", "1", "olga")
    assert swapped.reason == "one point better"
    assert swapped.seconds is not None
    assert (first.event, first.version, first.before) == ("deployed", "1", None)


def test_twenty_swaps_under_load_lose_nothing_and_never_answer_with_a_mix(
    published: Published, deployed: Deployment, url: str
) -> None:
    answers: list[tuple[str, str, str]] = []
    stop = threading.Event()

    def load() -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            while not stop.is_set():
                answer = client.post(f"{url}/predict", content=RED, headers=IMAGE)
                body = answer.json()
                said = body["model"]["version"] if answer.status_code == 200 else answer.text
                label = body["answers"][0]["label"] if answer.status_code == 200 else ""
                answers.append((answer.headers.get("x-tatara-version", ""), said, label))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(20):
        version = "21"[turn % 2]
        release = published.publish(version)
        until(deployed, lambda one, wanted=release.sequence: one.serving.sequence == wanted)
    stop.set()
    for thread in threads:
        thread.join()

    assert set(answers) == {("1", "1", "red-1"), ("2", "2", "red-2")}
    assert len(answers) > 100
    assert [one.event for one in deployed.history()].count("swapped") == 20
    assert len([one for one in deployed.models.iterdir() if one.is_dir()]) == 2


def test_a_pinned_version_comes_back_bit_for_bit_and_the_channel_does_not_bring_the_bad_one_back(
    published: Published, deployed: Deployment, url: str
) -> None:
    def raw() -> bytes:
        return httpx.post(f"{url}/predict", content=RED, headers=IMAGE, trust_env=False).content

    before = raw()
    published.publish("2")
    until(deployed, lambda one: one.serving.version == "2")
    assert raw() != before

    pinned = Pinned(version="1", at="2026-01-01T00:00:00+00:00", by="olga", reason="wrong at night")
    deployed.want(deployed.desired.model_copy(update={"pinned": pinned}))
    until(deployed, lambda one: one.serving.version == "1")
    assert raw() == before
    event = deployed.history()[0]
    assert (event.event, event.version, event.before, event.by) == ("rolled back", "1", "2", "olga")
    assert event.reason == "wrong at night"

    published.make("3")
    published.publish("2")
    newest = published.publish("3")
    until(deployed, lambda one: one.sequences["champion"] == newest.sequence)
    assert ask(url)[0] == "1"
    deployed.want(deployed.desired.model_copy(update={"pinned": None}))
    until(deployed, lambda one: one.serving.version == "3")
    assert ask(url) == ("3", "3", "red-3")


Break = Callable[[Published, pytest.MonkeyPatch], None]


def _corrupt(one: Published, patch: pytest.MonkeyPatch) -> None:
    record = one.record("2")
    (one.model("2") / "model.onnx").open("ab").write(b"\n")
    one.put(seal(record, KIND, one.key).model_dump_json())


def _missing_file(one: Published, patch: pytest.MonkeyPatch) -> None:
    record = one.record("2")
    (one.model("2") / "prepare.onnx").unlink()
    one.put(seal(record, KIND, one.key).model_dump_json())


def _no_store(one: Published, patch: pytest.MonkeyPatch) -> None:
    record = one.record("2")
    shutil.rmtree(one.bento("2"))
    one.put(seal(record, KIND, one.key).model_dump_json())


def _repacked(one: Published) -> None:
    one.pack("2")
    one.publish("2")


def _other_contract(one: Published, patch: pytest.MonkeyPatch) -> None:
    """The contract of another model, whose digest the graphs do not carry."""
    shutil.copy(one.model("1") / "contract.json", one.model("2") / "contract.json")
    _repacked(one)


def _contract_not_approved(one: Published, patch: pytest.MonkeyPatch) -> None:
    one.publish("2", digests={**one.record("2").digests, "contract": "0" * 64})


def _other_kind(one: Published, patch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(one.model("2"))
    one.make("2", kind="detection")
    one.publish("2")


def _missing_operator(one: Published, patch: pytest.MonkeyPatch) -> None:
    path = one.model("2") / "model.onnx"
    graph = onnx.load(path)
    graph.graph.node[-1].op_type = "Softmaxx"
    onnx.save(graph, path)
    _repacked(one)


def _too_little_memory(one: Published, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("TATARA_MEMORY_MB", "1")
    one.publish("2")


def _wrong_provider(one: Published, patch: pytest.MonkeyPatch) -> None:
    one.pack("2", gpu=True)
    one.publish("2")


def _failing_golden_case(one: Published, patch: pytest.MonkeyPatch) -> None:
    (case, *_) = read_json(one.model("2") / "golden" / "cases.json")["cases"]
    np.savez_compressed(one.model("2") / "golden" / case["answer"], probabilities=np.array([0, 0, 1], np.float32))
    _repacked(one)


def _replayed(one: Published, patch: pytest.MonkeyPatch) -> None:
    one.publish("2", sequence=0)


def _other_key(one: Published, patch: pytest.MonkeyPatch) -> None:
    one.put(seal(one.record("2"), KIND, Ed25519PrivateKey.generate()).model_dump_json())


def _changed_record(one: Published, patch: pytest.MonkeyPatch) -> None:
    sealed = json.loads(seal(one.record("2"), KIND, one.key).model_dump_json())
    sealed["signatures"][0]["sig"] = "A" * 86 + "=="
    one.put(json.dumps(sealed))


def _record_of_another(one: Published, patch: pytest.MonkeyPatch) -> None:
    one.publish("2", name="shapes")


def _record_of_another_role(one: Published, patch: pytest.MonkeyPatch) -> None:
    one.put(seal(one.record("2", "canary"), KIND, one.key).model_dump_json())


def _model_of_another(one: Published, patch: pytest.MonkeyPatch) -> None:
    write_json(one.model("2") / "release.json", {"name": "shapes", "version": "2"})
    _repacked(one)


def _unreadable_record(one: Published, patch: pytest.MonkeyPatch) -> None:
    one.put("{")


def _no_base64(one: Published, patch: pytest.MonkeyPatch) -> None:
    sealed = json.loads(seal(one.record("2"), KIND, one.key).model_dump_json())
    one.put(json.dumps({**sealed, "payload": "é"}))


def _unreadable_contract(one: Published, patch: pytest.MonkeyPatch) -> None:
    (one.model("2") / "contract.json").write_text("{")
    _repacked(one)


def _from_a_url(one: Published, patch: pytest.MonkeyPatch) -> None:
    one.publish("2", place="https://example.com/bento")


def _other_package(one: Published, patch: pytest.MonkeyPatch) -> None:
    record = one.record("2")
    write_json(one.bento("2") / "src" / "more.json", {})
    one.put(seal(record, KIND, one.key).model_dump_json())


BROKEN: dict[str, tuple[Break, str]] = {
    "corrupt file": (_corrupt, "models/colours/2/model.onnx was changed since the model was packaged"),
    "missing file": (_missing_file, "models/colours/2/prepare.onnx is missing since the model was packaged"),
    "missing store": (_no_store, "no Bento at .*bentos/colours/2 on this machine"),
    "other package": (_other_package, "is not what release 2 names"),
    "wrong contract": (_other_contract, "was made for another contract"),
    "contract that nobody approved": (_contract_not_approved, "its contract is not the one that was approved"),
    "unreadable contract": (_unreadable_contract, "contract.json"),
    "other kind": (_other_kind, "its contract is image detection, and clients ask for image classification"),
    "missing operator": (_missing_operator, "model.onnx: ONNX Runtime cannot load it .*Softmaxx"),
    "too little memory": (_too_little_memory, "too little memory: it takes some 64 MiB .*, 0 MiB are free"),
    "wrong provider": (_wrong_provider, "gpu=true, but this ONNX Runtime has no CUDA provider"),
    "failing golden case": (_failing_golden_case, "golden case .* differs from TensorFlow's answer by"),
    "replayed record": (_replayed, "is release 0, and 1 was followed already"),
    "other key": (_other_key, "signed by another key"),
    "changed record": (_changed_record, "it was changed after it was signed"),
    "record of another name": (_record_of_another, "is signed for the champion of shapes"),
    "record of another role": (_record_of_another_role, "is signed for the canary of colours"),
    "model of another name": (_model_of_another, "says that it is shapes/2"),
    "unreadable record": (_unreadable_record, "not a signed release"),
    "payload that is no base64": (_no_base64, "not a signed release"),
    "from a URL": (_from_a_url, "nothing is fetched from a URL"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_whatever_is_broken_the_old_version_serves_on_and_the_reason_is_told(
    what: str, published: Published, deployed: Deployment, url: str, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    breaks, reason = BROKEN[what]
    breaks(published, monkeypatch)
    status = until(deployed, lambda one: one.refusals)

    (refusal,) = status.refusals
    assert refusal.role == "champion"
    with pytest.raises(RefusedError, match=reason):
        raise RefusedError(refusal.reason)
    assert "\n" not in refusal.reason
    assert status.serving.version == "1"
    assert ask(url) == ("1", "1", "red-1")
    assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    event = deployed.history()[0]
    assert (event.event, refusal.reason in event.reason) == ("refused", True)
    assert any(refusal.reason in line.getMessage() for line in caplog.records)

    monkeypatch.delenv("TATARA_MEMORY_MB", raising=False)
    published.make("3")
    published.publish("3", sequence=100)
    status = until(deployed, lambda one: one.serving.version == "3")
    assert (status.refusals, ask(url)[0]) == ((), "3")


def test_with_a_public_key_an_unsigned_version_is_refused_and_a_signed_one_is_served(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, public = make_keys(tmp_path / "package.key")
    sign(published.model("1"), private)
    monkeypatch.setenv("TATARA_PUBLIC_KEY", str(public))
    deployed = published.deployment(tmp_path / "deployments" / NAME)
    prepare(deployed)
    with following(deployed) as url:
        published.publish("2")
        (refusal,) = until(deployed, lambda one: one.refusals).refusals
        assert "is not signed" in refusal.reason
        sign(published.model("2"), private)
        published.publish("2")
        until(deployed, lambda one: one.serving.version == "2")
        assert ask(url)[2] == "red-2"


def test_without_a_public_key_a_version_whose_policy_asks_for_a_signature_is_refused(
    published: Published, deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TATARA_PUBLIC_KEY", raising=False)
    write_json(published.model("2") / "release.json", {"name": NAME, "version": "2", "signed": True})
    published.pack("2")
    with following(deployed) as url:
        published.publish("2")
        (refusal,) = until(deployed, lambda one: one.refusals).refusals
        assert "the policy of colours/2 asks for a signature" in refusal.reason
        assert ask(url)[0] == "1"


def test_a_record_that_was_followed_is_not_undone_by_an_older_one_after_a_restart(
    published: Published, deployed: Deployment, tmp_path: Path
) -> None:
    old = (tmp_path / "channel" / NAME / "champion.json").read_text()
    with following(deployed):
        published.publish("2")
        until(deployed, lambda one: one.serving.version == "2")
    published.put(old)
    prepare(deployed)
    with following(deployed) as url:
        (refusal,) = until(deployed, lambda one: one.refusals).refusals
        assert "is release 1, and 2 was followed already" in refusal.reason
        assert ask(url)[0] == "2"


def test_after_a_restart_what_served_last_serves_though_the_newest_cannot(
    published: Published, deployed: Deployment
) -> None:
    _failing_golden_case(published, pytest.MonkeyPatch())
    assert prepare(deployed).serving.version == "1"
    with following(deployed) as url:
        until(deployed, lambda one: one.refusals)
        assert ask(url)[0] == "1"


def test_who_goes_back_while_no_server_runs_is_served_the_version_before_from_the_start(
    published: Published, deployed: Deployment
) -> None:
    with following(deployed):
        published.publish("2")
        until(deployed, lambda one: one.serving.version == "2")
    pinned = Pinned(version="1", at="2026-01-01T00:00:00+00:00", by="olga", reason="wrong at night")
    deployed.want(deployed.desired.model_copy(update={"pinned": pinned}))
    assert prepare(deployed).serving.version == "1"
    assert prepare(deployed).serving.version == "1"
    assert [one.event for one in deployed.history()] == ["rolled back", "swapped", "deployed"]
    with following(deployed) as url:
        assert ask(url) == ("1", "1", "red-1")
        status = until(deployed, lambda one: one.pinned is not None)
        assert (status.serving.version, status.refusals) == ("1", ())


def test_without_a_champion_nothing_is_deployed(tmp_path: Path) -> None:
    made = Published(tmp_path)
    deployed = made.deployment(tmp_path / "deployment")
    with pytest.raises(TataraError, match="colours has no champion in the channel"):
        prepare(deployed)
    made.make("1")
    made.publish(None)
    with pytest.raises(TataraError, match="colours has no champion in the channel"):
        prepare(deployed)


def test_an_emptied_role_leaves_the_last_champion_serving(published: Published, deployed: Deployment, url: str) -> None:
    published.publish(None, reason="the camera is gone")
    (refusal,) = until(deployed, lambda one: one.refusals).refusals
    assert "names no champion of colours any more (the camera is gone)" in refusal.reason
    assert ask(url)[0] == "1"


def test_what_is_wanted_and_cannot_be_read_changes_nothing(
    published: Published, deployed: Deployment, url: str
) -> None:
    wanted = deployed.desired
    (deployed.folder / "desired.json").write_text("{")
    (refusal,) = until(deployed, lambda one: one.refusals).refusals
    assert (refusal.role, ask(url)[0]) == ("desired", "1")
    deployed.want(wanted)
    published.publish("2")
    assert until(deployed, lambda one: one.serving.version == "2").refusals == ()
