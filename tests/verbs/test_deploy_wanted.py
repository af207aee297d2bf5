"""What the options of ``deploy`` write down, and how deployments are told."""

from pathlib import Path

import pytest

from registry.keys import signing_key
from services.rollout.measures import all_measures, judged
from tatara import cli
from tatara.verbs.deploy import deployment_of, share, want
from tatara.verbs.rollout_text import history_lines, status_lines, trial_lines


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TATARA_HOME", str(tmp_path))
    for name in ("TATARA_CHANNEL", "TATARA_SIGNING_KEY"):
        monkeypatch.delenv(name, raising=False)
    signing_key()
    return tmp_path


def test_what_is_not_said_stays_and_a_canary_and_a_shadow_exclude_each_other(state: Path) -> None:
    deployment = deployment_of("手書き", must_be=False)
    want(deployment, "手書き", {"canary": 0.1})
    assert (deployment.desired.name, deployment.desired.canary) == ("手書き", 0.1)
    assert deployment.desired.channel == str(state / "registry" / "channel")
    assert deployment.key.read_bytes() == (state / "registry" / "signing.pub").read_bytes()
    want(deployment, "手書き", {"agreement": 0.9})
    assert (deployment.desired.canary, deployment.desired.least_agreement) == (0.1, 0.9)
    want(deployment, "手書き", {"shadow": True})
    assert (deployment.desired.canary, deployment.desired.shadow) == (None, True)
    want(deployment, "手書き", {"canary": 0.5})
    assert (deployment.desired.canary, deployment.desired.shadow) == (0.5, False)
    want(deployment, "手書き", {"canary": 0.0})
    assert deployment.desired.canary is None


@pytest.mark.parametrize(("text", "value"), [("10%", 0.1), ("0.25", 0.25), ("50%", 0.5), ("0%", 0.0)])
def test_shares(text: str, value: float) -> None:
    assert share(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deploy"], "which models?"),
        (["deploy", "a", "--canary", "60%"], "canary=60%: write a share of the requests, from 0% to 50%"),
        (["deploy", "a", "canary=nan"], "canary=nan: write a share"),
        (["deploy", "a", "--canary", "10%", "--shadow"], "canary and shadow: one of them"),
        (["deploy", "a", "agreement=1"], "agreement=1.0: a share between 0 and 1"),
        (["deploy", "a", "channel=https://example.com"], "a folder; mount it"),
        (["rollback", "a"], "a is not deployed on this machine"),
        (["rollout", "a"], "what to do?"),
        (["rollout", "status", "a"], "a is not deployed on this machine"),
        (["status", "a"], "a is not deployed on this machine"),
    ],
)
def test_mistakes_are_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_nothing_deployed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status"]) == 0
    assert "nothing is deployed on this machine" in capsys.readouterr().out
    assert cli.main(["deploy", "a"]) == 1
    assert "a has no champion in the channel" in capsys.readouterr().err


def test_a_deployment_in_words() -> None:
    measures = all_measures(0.8)
    measures["failures"].observe(*[0.0] * 5)
    verdict = judged(measures)
    trial = {
        "share": 0.1, "decision": verdict.decision, "reason": verdict.reason, "left_out": 0,
        "measures": {name: one.report() for name, one in measures.items()},
    }  # fmt: skip
    status = {
        "serving": {"version": "2"}, "since": "2026-01-02T03:04:05.678+00:00", "previous": {"version": "1"},
        "refusals": [{"version": None, "reason": "not a signed release"}], "candidate": {"version": "3"},
        "trial": trial, "withdrawn": None,
    }  # fmt: skip
    value = {"name": "a", "running": True, "url": "http://x", "desired": {"pinned": None}, "status": status}
    lines = status_lines(value)
    assert lines[:3] == [
        "a/2  serves since 2026-01-02T03:04:05Z  http://x",
        "  before     1  (`tatara rollback a`)",
        "  refused    record: not a signed release",
    ]
    assert lines[3].startswith("  tried      3 answers 10% of the requests; undecided: not enough is known of")
    assert "failures   fails on 0.0% more of 5; p 1 that it is no worse" in lines[4]
    assert lines[7].endswith("quality    nothing yet")
    withdrawn = {**status, "trial": None, "candidate": None, "withdrawn": [7, "it fails"]}
    assert "the last was withdrawn: it fails (`tatara rollout abort a`" in trial_lines("a", withdrawn)[0]
    assert status_lines({**value, "status": None, "url": None, "running": False}) == [
        "a  not running; nothing has served yet"
    ]
    event = {
        "at": "2026-01-02T03:04:05.678+00:00", "event": "swapped", "version": "2", "before": "1", "seconds": 0.5,
        "by": "olga", "reason": "better",
    }  # fmt: skip
    assert history_lines([event]) == ["  2026-01-02T03:04:05Z  swapped 2 after 1 in 0.50 s  by olga: better"]
