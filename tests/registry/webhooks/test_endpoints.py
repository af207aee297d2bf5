"""Endpoints: who adds them, what is on the record, and what is shown."""

import base64
import os
import time

import pytest

from registry import audit, auditing, database
from registry.webhooks import delivering, endpoints
from tatara.core.errors import RefusedError, UsageError
from tests.registry.webhooks.receiver import Receiver
from tests.registry.webhooks.telling import hook, outcome, waiting


def test_only_an_admin_sees_and_changes_them(receiver: Receiver) -> None:
    for act in (
        lambda: endpoints.add("olga", "chat", receiver.url, []),
        lambda: endpoints.remove("olga", "chat"),
        lambda: endpoints.retry("olga", "chat"),
        lambda: endpoints.every("olga"),
    ):
        with pytest.raises(RefusedError, match="webhooks are an admin's, and olga is operator"):
            act()


@pytest.mark.parametrize(
    ("name", "events", "said"),
    [("Chat room", [], "is no name"), ("chat", ["deleted"], "no event 'deleted'"), ("../x", [], "is no name")],
)
def test_what_is_wrong_with_an_endpoint_is_said(receiver: Receiver, name: str, events: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        endpoints.add("root", name, receiver.url, events)


def test_adding_and_removing_is_on_the_record_without_the_secret(receiver: Receiver) -> None:
    secret = hook(receiver)
    with pytest.raises(UsageError, match="already"):
        hook(receiver)
    with database.reading() as connection:
        rows = [tuple(row) for table in ("hooks", "audit") for row in connection.exec_driver_sql(
            f"SELECT * FROM tatara_{table}")]  # fmt: skip
    key = base64.b64decode(secret.removeprefix("whsec_"))
    assert secret not in str(rows)
    assert key.hex() not in str(rows)
    assert "secret?token" not in audit.acts()[0].model_dump_json()
    assert auditing.verify().problems == ()
    waiting()
    endpoints.remove("root", "chat")
    assert delivering.deliver_due() == outcome()
    assert [act.act for act in audit.acts() if act.act.startswith("hook")] == ["hook_removed", "hook_added"]
    assert hook(receiver) != secret
    assert auditing.verify().problems == ()


def test_an_endpoint_that_was_changed_in_the_database_is_told(receiver: Receiver) -> None:
    hook(receiver)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE tatara_hooks SET url='https://evil.example.com/'")
    assert any("the webhook chat is" in problem for problem in auditing.verify().problems)


def test_there_is_an_end_to_endpoints(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MOST", 2)
    hook(receiver, name="a")
    hook(receiver, name="b")
    with pytest.raises(UsageError, match="remove one first"):
        hook(receiver, name="c")


def test_what_nobody_takes_is_given_up_and_shown(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    from tatara import cli

    hook(receiver, "waits_for_review")
    receiver.answers = [500]
    waiting()
    moment = time.time() + 1
    for _ in range(delivering.ATTEMPTS - 1):
        assert delivering.deliver_due(moment) == outcome(failed=1)
        moment += delivering.LONGEST * 2
    assert delivering.deliver_due(moment) == outcome(dead=1)
    assert delivering.deliver_due(moment * 2) == outcome()
    assert len(receiver.got) == delivering.ATTEMPTS
    os.environ["TATARA_USER"] = "root"
    try:
        assert cli.main(["review", "hooks", "list"]) == 0
        shown = capsys.readouterr().out
        assert f"chat  {receiver.url}  waits_for_review  0 delivered, 0 waiting, 1 given up" in shown
        assert "given up: waits_for_review of line" in shown
        assert "10 attempts: HTTP 500" in shown
        assert "token" not in shown
        receiver.answers = [200]
        assert cli.main(["review", "hooks", "retry", "chat"]) == 0
        assert cli.main(["review", "deliver"]) == 0
        assert "1 delivered, 0 to be tried again, 0 given up" in capsys.readouterr().out
    finally:
        del os.environ["TATARA_USER"]
