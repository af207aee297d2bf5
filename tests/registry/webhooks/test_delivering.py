"""Messages from the act to the endpoint: signed, once, again after failures, and given up in the end."""

import base64
import hashlib
import hmac
import json
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry import audit, database, review
from registry.webhooks import delivering, endpoints
from tatara.core.errors import RefusedError, TataraError
from tests.registry.cases import NAME, packaged
from tests.registry.webhooks.receiver import Receiver, receiving
from tests.registry.webhooks.telling import hook, outcome, waiting


def verified(secret: str, headers: dict[str, str], body: bytes) -> None:
    """As the specification of Standard Webhooks says."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}".encode()
    versions = dict(one.split(",", 1) for one in headers["webhook-signature"].split(" "))
    assert hmac.compare_digest(base64.b64decode(versions["v1"]), hmac.digest(key, signed, hashlib.sha256))
    assert len(key) == 32


def test_the_life_of_a_version_is_told_signed(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = hook(receiver)
    version = waiting()
    review.approve("bob", NAME, version, "good")
    packaged(version)
    review.promote("olga", NAME, version, "canary")
    review.reject("bob", NAME, waiting(), "the eights")
    review.comment("bob", NAME, version, "not told")
    assert receiver.got == []  # the act waits for nobody
    monkeypatch.setenv("TATARA_REVIEW_URL", "https://review.example.com/")
    assert delivering.deliver_due() == outcome(delivered=5)
    assert delivering.deliver_due() == outcome()
    for headers, body in receiver.got:
        verified(secret, headers, body)
        assert headers["content-type"] == "application/json"
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        assert headers["host"] == receiver.url.removeprefix("http://")
    told = {body["type"]: body for body in (json.loads(body) for _, body in receiver.got)}
    assert set(told) == {"version.waits_for_review", "version.approved", "version.promoted", "version.rejected"}
    act = next(one for one in audit.acts() if one.act == "approve")
    assert told["version.approved"] == {
        "type": "version.approved", "timestamp": act.at,
        "data": {"name": NAME, "version": "1", "by": "bob", "act": "approve", "sequence": act.sequence,
                 "link": f"https://review.example.com/models/{NAME}/versions/1"},
    }  # fmt: skip
    assert told["version.promoted"]["data"]["role"] == "canary"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 5
    assert "good" not in str(receiver.got)


def test_an_endpoint_gets_what_it_asked_for(receiver: Receiver) -> None:
    hook(receiver, "approved", "rejected")
    version = waiting()
    review.approve("bob", NAME, version, "good")
    assert delivering.deliver_due() == outcome(delivered=1)
    assert receiver.types == ["version.approved"]


def test_what_a_policy_decides_alone_waits_for_nobody(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TATARA_HOOK_NETWORKS", "127.0.0.0/8")
    with receiving() as receiver:
        hook(receiver)
        waiting()
        delivering.deliver_due()
    assert receiver.types == ["version.approved"]


def test_an_act_and_its_message_are_one_transaction(receiver: Receiver) -> None:
    hook(receiver)
    version = waiting()
    delivering.deliver_due()
    with pytest.raises(RefusedError):
        review.approve("vera", NAME, version, "good")
    before = audit.head()
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE tatara_deliveries RENAME TO gone")
    with pytest.raises(TataraError, match="tatara_deliveries"):
        review.approve("bob", NAME, version, "good")
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO tatara_deliveries")
    assert audit.head() == before
    assert review.record(NAME, version).summary.state == "in_review"
    assert delivering.deliver_due() == outcome()


def test_failures_are_tried_again_later_and_later(receiver: Receiver) -> None:
    secret, start = hook(receiver, "waits_for_review"), time.time()
    receiver.answers = [500, 503, 302, 429, 204]
    waiting()
    moment, gaps = start + 1, []
    for _ in range(4):
        assert delivering.deliver_due(moment) == outcome(failed=1)
        assert delivering.deliver_due(moment + 1) == outcome()
        with database.reading() as connection:
            due = connection.exec_driver_sql("SELECT due FROM tatara_deliveries").scalar_one()
        gaps.append(due - moment)
        moment = due
    assert delivering.deliver_due(moment) == outcome(delivered=1)
    for gap, middle in zip(gaps, (5, 25, 125, 625), strict=True):
        assert 0.8 * middle - 2 <= gap <= 1.2 * middle + 2
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    for headers, body in receiver.got:
        verified(secret, headers, body)
    assert [one.delivered for one in endpoints.every("root")] == [1]


def test_waits_grow_are_spread_and_have_a_bound() -> None:
    assert [delivering.wait(attempt, chance=0.5) for attempt in (1, 2, 3, 9)] == [5, 25, 125, 12 * 3600]
    assert delivering.wait(2, chance=0.0) == 20
    assert delivering.wait(2, chance=1.0) == 30
    total = sum(delivering.wait(attempt, chance=0.5) for attempt in range(1, delivering.ATTEMPTS))
    assert timedelta(days=1) < timedelta(seconds=total) < timedelta(days=3)


def test_an_endpoint_that_is_gone_is_not_asked_again(receiver: Receiver) -> None:
    hook(receiver, "waits_for_review")
    receiver.answers = [410]
    waiting()
    assert delivering.deliver_due() == outcome(dead=1)


def test_two_deliverers_send_it_once(receiver: Receiver) -> None:
    """Real processes, at the same moment."""
    hook(receiver, "waits_for_review")
    versions = [waiting() for _ in range(3)]
    script = (
        "import sys, httpx; from registry import database; database.engine(); print('ready', flush=True);"
        "sys.stdin.readline(); from registry.webhooks.delivering import deliver_due; print(deliver_due().delivered)"
    )
    pipe = subprocess.PIPE
    both = [subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    answers = []
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in both:
        answers.append(int(one.communicate(timeout=60)[0]))
        assert one.returncode == 0
    assert sum(answers) == len(receiver.got) == len(versions)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(versions)


def test_a_killed_deliverer_leaves_the_message_to_the_next(receiver: Receiver) -> None:
    hook(receiver, "waits_for_review")
    arrived, release = threading.Event(), threading.Event()

    def silent(handler: Any) -> None:
        arrived.set()
        release.wait(60)

    receiver.answers = [silent, 200]
    waiting()
    script = "from registry.webhooks.delivering import deliver_due; deliver_due()"
    deliverer = subprocess.Popen([sys.executable, "-c", script])
    assert arrived.wait(60)
    deliverer.send_signal(signal.SIGKILL)
    assert deliverer.wait(10) == -signal.SIGKILL
    release.set()
    assert delivering.deliver_due() == outcome()  # its claim stands for a minute
    assert delivering.deliver_due(time.time() + delivering.LEASE + 1) == outcome(delivered=1)
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]


def test_the_loop_delivers_and_ends(receiver: Receiver) -> None:
    hook(receiver, "waits_for_review")
    with delivering.running(every=0.05):
        waiting()
        deadline = time.monotonic() + 20
        while not receiver.got and time.monotonic() < deadline:
            time.sleep(0.02)
    assert receiver.types == ["version.waits_for_review"]
    assert "webhooks" not in [thread.name for thread in threading.enumerate()]
