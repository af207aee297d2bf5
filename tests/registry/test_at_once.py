"""Several processes decide on the same version at the same moment: one wins where one may, and the log stays whole."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from registry import audit, auditing, review, users
from tests.registry.cases import NAME, checked, evidence, new_version, packaged

pytestmark = pytest.mark.slow
PEOPLE = ("bob", "carl", "dora", "emil")


class Commanders:
    """Processes, one a person."""

    def __init__(self, stack: ExitStack) -> None:
        program = Path(__file__).with_name("commander.py")
        pipe = subprocess.PIPE
        self.processes = [
            stack.enter_context(subprocess.Popen([sys.executable, program], stdin=pipe, stdout=pipe, text=True))
            for _ in PEOPLE
        ]
        for process in self.processes:
            stack.callback(process.kill)
        for process in self.processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "{}\n"

    def at_once(self, *commands: str) -> list[dict[str, Any]]:
        """What came of one command each, begun at the same moment."""
        at = time.time() + 0.05
        for process, person, command in zip(self.processes, PEOPLE, commands, strict=True):
            assert process.stdin is not None
            process.stdin.write(json.dumps({"at": at, "user": person, "words": command.split()}) + "\n")
            process.stdin.flush()
        return [json.loads(process.stdout.readline()) for process in self.processes]  # type: ignore[union-attr]


@pytest.fixture
def commanders(one_reviewer: Path) -> Iterator[Commanders]:
    for name in PEOPLE[2:]:
        users.add("root", name, "reviewer")
    for name in PEOPLE:
        users.change_role("root", name, "operator")  # and so a reviewer too
    with ExitStack() as stack:
        yield Commanders(stack)


def waiting() -> str:
    version = new_version()
    assert checked(evidence(version=version)).summary.state == "in_review"
    return version


def refused(answer: dict[str, Any]) -> bool:
    """Whether it is a refusal; then it has to be one line."""
    if answer["code"] == 0:
        return False
    assert answer["code"] == 3, answer
    assert answer["err"].startswith(f"tatara: {NAME}/")
    assert answer["err"].count("\n") == 1
    return True


def acts(version: str) -> list[str]:
    return [act.act for act in audit.acts(NAME, version)[::-1] if act.act not in ("register", "check", "submit")]


def all_approve(commanders: Commanders, version: str) -> None:
    """One does."""
    answers = commanders.at_once(*[f"review approve {NAME}/{version} reason=now"] * 4)
    assert [refused(one) for one in answers].count(False) == 1
    assert acts(version) == ["approve"]


def all_reject(commanders: Commanders, version: str) -> None:
    """One does."""
    answers = commanders.at_once(*[f"review reject {NAME}/{version} reason=now"] * 4)
    assert [refused(one) for one in answers].count(False) == 1
    assert acts(version) == ["reject"]


def some_of_each(commanders: Commanders, version: str) -> None:
    """What was approved may be rejected, not the other way round."""
    approve, reject = (f"review {act} {NAME}/{version} reason=now" for act in ("approve", "reject"))
    done = [not refused(one) for one in commanders.at_once(approve, reject, approve, reject)]
    assert done[1] + done[3] == 1
    assert done[0] + done[2] <= 1
    assert acts(version) == (["approve", "reject"] if done[0] or done[2] else ["reject"])


def all_promote(commanders: Commanders, version: str) -> None:
    """One release, of which every one hears."""
    review.approve("bob", NAME, version, "good")
    packaged(version)
    answers = commanders.at_once(*[f"review promote {NAME}/{version}"] * 4)
    assert not any(refused(one) for one in answers)
    assert len({one["out"] for one in answers}) == 1
    assert acts(version) == ["approve", "promote"]


def each_another(commanders: Commanders) -> None:
    """Versions that are promoted at once leave one champion."""
    versions = [waiting() for _ in PEOPLE]
    for version in versions:
        review.approve("bob", NAME, version, "good")
        packaged(version)
    answers = commanders.at_once(*[f"review promote {NAME}/{version}" for version in versions])
    assert [one["code"] for one in answers] == [0, 0, 0, 0]
    found = review.history(NAME)
    states = {one.version: one.state for one in found.versions}
    assert sorted(states[version] for version in versions) == ["approved", "approved", "approved", "serving"]
    assert found.champion == found.releases[0].version


def test_twenty_rounds(commanders: Commanders) -> None:
    for _ in range(5):
        for decide in (all_approve, all_reject, some_of_each, all_promote):
            decide(commanders, waiting())
    each_another(commanders)
    assert auditing.verify().problems == ()
    assert review.reconcile() == ()
