"""The log: what it holds, and that nobody changes it unnoticed."""

import json
import stat
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from registry import acting, audit, auditing, database, review, users
from registry.keys import folder
from registry.states import Actor
from registry.tables import AUDIT
from tatara import cli
from tatara.core.errors import RefusedError, TataraError
from tatara.core.files import digest
from tests.registry.cases import NAME, against, checked, new_version, packaged, serving, sql


@pytest.fixture
def log(store: Path) -> None:
    """A store in which something has happened."""
    serving()
    version = new_version()
    checked(against(version=version))
    packaged(version)
    review.comment("bob", NAME, version, "nice")
    review.promote("olga", NAME, version)
    assert auditing.verify().problems == ()


Rows = list[dict[str, Any]]


def rewritten(change: Callable[[Rows], Rows]) -> None:
    """Another log in place of this one, numbered and chained anew: what somebody who knows how it works would do."""
    with database.writing() as connection:
        rows = [dict(row) for row in connection.execute(AUDIT.select().order_by(AUDIT.c.sequence)).mappings()]
        connection.execute(AUDIT.delete())
        previous = ""
        for sequence, row in enumerate(change(rows), start=1):
            values = {**row, "sequence": sequence, "previous": previous}
            line = {key: value for key, value in values.items() if key != "digest"}
            previous = values["digest"] = digest({**line, "detail": json.loads(values["detail"])})
            connection.execute(AUDIT.insert().values(values))


def forged(sequence: int, **changes: object) -> None:
    """A line changed, and it and every later one chained anew."""
    rewritten(lambda rows: [{**row, **(changes if row["sequence"] == sequence else {})} for row in rows])


def test_every_act_is_one_line_chained_to_the_one_before(log: None) -> None:
    lines = audit.acts()[::-1]
    assert [line.sequence for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0].previous == ""
    for before, line in pairwise(lines):
        assert line.previous == before.digest
        fields = line.model_dump(mode="json", exclude={"digest"})
        assert line.digest == digest(fields)
    acts = [line.act for line in lines if line.version == "2"]
    assert acts == ["register", "check", "submit", "approve", "comment", "promote"]
    assert [(line.act, line.after) for line in lines if line.version == "1"][-1] == ("replace", "approved")
    assert audit.acts(NAME, "2")[0].user == "olga"


TAMPERED = {
    "edited reason": ("UPDATE tatara_audit SET detail=replace(detail, 'nice', 'evil') WHERE act='comment'",
                      "was edited: its digest is not that of what it says"),
    "edited user": ("UPDATE tatara_audit SET \"user\"='mallory' WHERE act='promote'", "was edited"),
    "edited time": ("UPDATE tatara_audit SET at='2020-01-01T00:00:00Z' WHERE sequence=7", "line 7 was edited"),
    "broken text": ("UPDATE tatara_audit SET detail='{' WHERE sequence=7", "line 7 cannot be read"),
    "deleted": ("DELETE FROM tatara_audit WHERE sequence=9", "line 10 does not follow the line before"),
    "first deleted": ("DELETE FROM tatara_audit WHERE sequence=1", "line 2 does not follow the line before"),
    "cut off": ("DELETE FROM tatara_audit WHERE sequence>=(SELECT max(sequence) FROM tatara_audit)",
                "the log was cut off: the head in "),
    "emptied": ("DELETE FROM tatara_audit", "the log was cut off: the head in "),
    "state": ("UPDATE tatara_versions SET state='retired' WHERE version='1'",
              "the state of colours/1 is retired in the store, approved in the log"),
    "author": ("UPDATE tatara_versions SET author='bob' WHERE version='1'", "the run and author of colours/1 is "),
    "version": ("DELETE FROM tatara_versions WHERE version='1'", "the state of colours/1 is absent in the store"),
    "role": ("UPDATE tatara_users SET role='admin' WHERE name='anna'",
             "the role of anna is admin in the store, data_scientist in the log"),
    "password": ("UPDATE tatara_users SET password='x' WHERE name='anna'", "the password of anna is "),
    "user": ("INSERT INTO tatara_users (name, role) VALUES ('eve', 'admin')",
             "the role of eve is admin in the store, absent in the log"),
    "verdict": (
        """UPDATE tatara_judgements SET judgement=replace(judgement, '"asked":0', '"asked":1')""", "the check ",
    ),
    "check": ("DELETE FROM tatara_judgements WHERE version='1'", "the check "),
    "release": ("UPDATE tatara_releases SET version='1' WHERE sequence=2", "the releases in the store are not those"),
    "release gone": ("DELETE FROM tatara_releases WHERE sequence=1", "the releases in the store are not those"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_whatever_is_changed_in_the_database_is_told(log: None, what: str) -> None:
    statement, said = TAMPERED[what]
    sql(statement)
    problems = auditing.verify().problems
    assert any(said in problem for problem in problems), problems
    assert all("\n" not in problem for problem in problems)


def test_lines_in_another_order_are_told(log: None) -> None:
    sql(
        "UPDATE tatara_audit SET sequence=-1 WHERE sequence=8",
        "UPDATE tatara_audit SET sequence=8 WHERE sequence=9",
        "UPDATE tatara_audit SET sequence=9 WHERE sequence=-1",
    )  # fmt: skip
    assert any("does not follow" in problem for problem in auditing.verify().problems)


def test_a_log_that_was_written_anew_does_not_hold_the_head(log: None, tmp_path: Path) -> None:
    """Whoever knows how the chain is made makes another one; the signed head tells."""
    audit.save_head(tmp_path / "head.json")
    promoted = next(act for act in audit.acts() if act.act == "promote" and act.user == "olga")
    forged(promoted.sequence, user="root", role="admin")
    problems = auditing.verify().problems
    assert [problem for problem in problems if "is not the one that was signed" in problem]
    for kept in (folder() / "heads").iterdir():
        kept.unlink()
    assert auditing.verify().problems == ()
    (problem,) = auditing.verify(tmp_path / "head.json").problems
    assert "is not the one that was signed" in problem


REWRITTEN: dict[str, Callable[[Rows], Rows]] = {
    "edited": lambda rows: [*rows[:8], {**rows[8], "at": "2020-01-01T00:00:00Z"}, *rows[9:]],
    "deleted": lambda rows: [*rows[:8], *rows[9:]],
    "added": lambda rows: [*rows[:8], rows[7], *rows[8:]],
    "reordered": lambda rows: [*rows[:7], rows[8], rows[7], *rows[9:]],
    "cut off": lambda rows: rows[:-1],
    "emptied": lambda rows: [],
    "replaced": lambda rows: [{**row, "at": "2020-01-01T00:00:00Z"} for row in rows],
    "longer": lambda rows: [*rows[:2], *rows[1:2] * 50],
}


@pytest.mark.parametrize("what", REWRITTEN)
def test_a_head_that_is_kept_elsewhere_tells_of_whatever_was_rewritten(log: None, tmp_path: Path, what: str) -> None:
    """The chain holds in itself, and this machine has lost its own head."""
    audit.save_head(tmp_path / "head.json")
    rewritten(REWRITTEN[what])
    for kept in (folder() / "heads").iterdir():
        kept.unlink()
    assert not any("digest" in problem or "does not follow" in problem for problem in auditing.verify().problems)
    problems = auditing.verify(tmp_path / "head.json").problems
    assert any("was cut off" in problem or "is not the one that was signed" in problem for problem in problems)


def test_a_forged_line_that_breaks_the_rules_is_told_even_without_a_head(log: None) -> None:
    for kept in (folder() / "heads").iterdir():
        kept.unlink()
    promoted = next(act for act in audit.acts() if act.act == "promote" and act.user == "olga")
    forged(promoted.sequence, user="vera", role="viewer")
    assert f"line {promoted.sequence}: vera had no role for promote" in auditing.verify().problems


def test_a_log_that_was_cut_off_and_went_on_is_told(log: None) -> None:
    """The head that this machine keeps does not move along another log."""
    sql("DELETE FROM tatara_audit WHERE act='comment' OR sequence > (SELECT sequence FROM tatara_audit WHERE "
             "act='comment')")  # fmt: skip
    users.add("root", "new1", "viewer")
    users.add("root", "new2", "viewer")
    users.add("root", "new3", "viewer")
    users.add("root", "new4", "viewer")
    assert any("is not the one that was signed" in problem for problem in auditing.verify().problems)


def test_a_saved_head_lies_in_the_log_that_grew(log: None, tmp_path: Path) -> None:
    head = audit.save_head(tmp_path / "head.json")
    review.comment("bob", NAME, "2", "more")
    found = auditing.verify(tmp_path / "head.json")
    assert found.problems == ()
    assert found.head is not None
    assert found.head.sequence == head.sequence + 1 == found.acts


def test_a_changed_head_is_refused(log: None, tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    audit.save_head(path)
    content = path.read_text()
    for old, new in (('"payload":"e', '"payload":"f'), ('"sig":"', '"sig":"AAAA'), ("audit-head", "release")):
        path.write_text(content.replace(old, new, 1))
        with pytest.raises(RefusedError):
            auditing.verify(path)
    with pytest.raises(TataraError, match="cannot be read"):
        auditing.verify(tmp_path / "nothing.json")


def test_a_head_that_somebody_else_signed_is_refused(log: None, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TATARA_SIGNING_KEY", str(tmp_path / "other.pem"))
    audit.save_head(tmp_path / "head.json")
    monkeypatch.delenv("TATARA_SIGNING_KEY")
    with pytest.raises(RefusedError, match="signed by another key"):
        auditing.verify(tmp_path / "head.json")


def test_the_key_is_its_owners_alone(log: None) -> None:
    key = folder() / "signing.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o640)
    with pytest.raises(TataraError, match="others may read this private key"):
        audit.save_head(folder() / "head.json")


def test_the_audit_of_a_thousand_lines_is_quick(log: None) -> None:
    import time

    with audit.writing() as connection:
        row = acting.known(connection, NAME, "1")
        for number in range(1000):
            acting.act(connection, row, "comment", Actor("bob", "reviewer"),
                       {"text": f"{number}"})  # fmt: skip
    began = time.perf_counter()
    assert auditing.verify().problems == ()
    assert time.perf_counter() - began < 5


def test_a_card_that_another_data_scientist_wrote_is_told(log: None) -> None:
    review.edit_card("anna", NAME, "2", "limits", "not at night")
    review.edit_card("bob", NAME, "2", "limits", "nor in fog")
    assert auditing.verify().problems == ()
    (act,) = [one for one in audit.acts(NAME, "2") if one.user == "anna" and one.act == "edit_card"]

    forged(act.sequence, user="otto")

    assert f"line {act.sequence}: otto wrote the card of another's {NAME}/2" in auditing.verify().problems


def test_what_is_no_head_is_named(log: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    assert cli.main(["review", "audit", f"against={other}"]) == 3
    assert str(other) in capsys.readouterr().err


def test_one_problem_is_one(log: None, capsys: pytest.CaptureFixture[str]) -> None:
    statement, _ = TAMPERED["check"]
    sql(statement)
    assert cli.main(["review", "audit"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"NOT whole: {len(lines) - 1} problem{'' if len(lines) == 2 else 's'}"
