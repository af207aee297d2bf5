"""What an approval takes, what it is bound to, and what makes it void."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry import approvals, audit, policy, review
from registry.records import Record
from registry.store import client, local_artifacts
from tatara.core.errors import RefusedError, UsageError
from tests.registry.cases import (
    NAME,
    against,
    checked,
    compared,
    evidence,
    interval,
    new_version,
    packaged,
    run_of,
    serving,
    sql,
)


def waiting() -> str:
    """A version in review."""
    version = new_version()
    assert checked(evidence(version=version)).summary.state == "in_review"
    return version


def test_a_policy_that_asks_nobody_approves_at_once(store: Path) -> None:
    version = new_version()
    found = checked(evidence(version=version))
    assert found.summary.state == "approved"
    (approval,) = found.approvals
    assert (approval.by, approval.automatic, approval.void) == ("policy:classification", True, None)
    assert found.summary.answer.line.startswith("Yes: approved by policy:classification")
    assert review.granted(NAME, version).by == ("policy:classification",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"above_chance": interval(0.02, -0.1, 0.14)},
            "above chance: 100 test examples do not show it better than guessing",
        ),
        ({"parity": {"equal": False, "max_abs": 1.0, "examples": 9}}, "parity: TensorFlow and ONNX differ by 1.0e"),
    ],
)
def test_a_policy_that_asks_nobody_rejects_what_a_gate_blocks(store: Path, changes: dict, reason: str) -> None:
    version = new_version()
    found = checked(evidence(version=version, **changes))
    assert found.summary.state == "rejected"
    with pytest.raises(RefusedError, match=f"rejected by policy:classification: .*{reason}"):
        review.granted(NAME, version)


def test_force_overrules_the_gates_on_the_record(store: Path) -> None:
    version = new_version()
    bad = evidence(version=version, above_chance=interval(0.0, -0.1, 0.1))
    assert checked(bad).summary.state == "rejected"
    found = checked(bad, forced=True)
    assert found.summary.state == "approved"
    assert found.judgement is not None
    assert found.judgement.forced
    assert "forced" in found.approvals[0].reason
    assert [act.detail["forced"] for act in found.acts if act.act == "check"] == [True, False]


def test_one_reviewer_approves(one_reviewer: Path) -> None:
    version = waiting()
    found = review.approve("Bob", NAME, version, "better on every digit")
    assert found.summary.state == "approved"
    assert [(one.by, one.role, one.reason) for one in found.approvals] == [("bob", "reviewer", "better on every digit")]
    assert review.granted(NAME, version).automatic is False


def test_two_different_reviewers_where_the_policy_asks_for_two(two_reviewers: Path) -> None:
    version = waiting()
    assert review.approve("bob", NAME, version, "good").summary.state == "in_review"
    with pytest.raises(RefusedError, match="bob has approved colours/1 already"):
        review.approve("bob", NAME, version, "again")
    with pytest.raises(RefusedError, match="in review, with 1 of 2 approvals") as refusal:
        review.granted(NAME, version)
    assert str(refusal.value).endswith(f"package it: tatara package workspace={run_of(version)}")
    assert review.approve("carl", NAME, version, "good").summary.state == "approved"
    assert review.granted(NAME, version).by == ("bob", "carl")


@pytest.mark.parametrize("author", ["bob", "BOB ", "Bob"])
def test_the_author_of_the_run_cannot_approve(one_reviewer: Path, author: str) -> None:
    version = new_version(author)
    checked(evidence(version=version), user=author)
    with pytest.raises(RefusedError, match="bob is the author of colours/1"):
        review.approve("bob", NAME, version, "mine is best")
    review.approve("carl", NAME, version, "it is")


def test_an_author_who_has_renamed_his_run_cannot_either(one_reviewer: Path) -> None:
    version = new_version("bob")
    checked(evidence(version=version))
    client().set_tag(run_of(version), "mlflow.user", "somebody")
    with pytest.raises(RefusedError, match="bob is the author"):
        review.approve("bob", NAME, version, "not mine any more")


def test_a_run_without_a_user_belongs_to_who_registered_it(one_reviewer: Path) -> None:
    version = new_version(author="")
    checked(evidence(version=version), user="bob")
    with pytest.raises(RefusedError, match="bob is the author"):
        review.approve("bob", NAME, version, "nobody's")


@pytest.mark.parametrize("user", ["vera", "anna"])
def test_whoever_is_no_reviewer_cannot_approve(one_reviewer: Path, user: str) -> None:
    version = waiting()
    with pytest.raises(RefusedError, match=f"takes the role reviewer at least, and {user} is"):
        review.approve(user, NAME, version, "please")


def test_nobody_unknown_acts(one_reviewer: Path) -> None:
    version = waiting()
    with pytest.raises(RefusedError, match="knows no user 'mallory'"):
        review.approve("mallory", NAME, version, "please")


def test_a_reason_is_needed(one_reviewer: Path) -> None:
    version = waiting()
    with pytest.raises(UsageError, match="reason is needed"):
        review.approve("bob", NAME, version, " \n")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def artifact(path: str) -> Callable[[str, Path], None]:
    return lambda version, _: flip(local_artifacts(run_of(version), path))


def change_stored_evidence(version: str, policy_file: Path) -> None:
    sql("UPDATE tatara_judgements SET evidence = replace(evidence, '\"examples\":100', '\"examples\":999')")


BOUND: dict[str, tuple[Callable[[str, Path], None], str]] = {
    "model": (artifact("convert/model.onnx"), "the model changed since: convert/model.onnx is "),
    "prepare": (artifact("convert/prepare.onnx"), "the model changed since: convert/prepare.onnx is "),
    "contract": (artifact("convert/contract.json"), "the contract changed since: convert/contract.json is "),
    "evidence": (artifact("check/evidence.json"), "the evidence changed since: check/evidence.json is "),
    "added": (
        lambda version, _: (local_artifacts(run_of(version), "convert") / ".hidden").write_text("x"),
        "the model changed since: convert/.hidden was added",
    ),
    "missing": (
        lambda version, _: local_artifacts(run_of(version), "check/evidence.json").unlink(),
        "the evidence changed since: check/evidence.json is missing",
    ),
    "policy": (
        lambda _, policy_file: policy_file.write_text(policy_file.read_text() + " "),
        "the policy changed since",
    ),
    "stored evidence": (change_stored_evidence, "is not what was judged"),
}  # type: ignore[dict-item]


@pytest.mark.parametrize("what", BOUND)
def test_a_changed_byte_in_what_was_approved_voids_the_approval(one_reviewer: Path, what: str) -> None:
    version = waiting()
    review.approve("bob", NAME, version, "good")
    packaged(version)
    review.granted(NAME, version)
    change, reason = BOUND[what]
    change(version, one_reviewer)
    for act in (lambda: review.granted(NAME, version), lambda: review.promote("olga", NAME, version)):
        with pytest.raises(RefusedError, match=reason):
            act()
    if what != "stored evidence":
        found = review.record(NAME, version)
        assert reason in str(found.approvals[0].void)
        assert found.summary.answer.serve == "no"
        assert reason in found.summary.answer.line


@pytest.mark.parametrize("what", [one for one in BOUND if one != "stored evidence"])
def test_nobody_approves_what_is_not_what_was_checked(one_reviewer: Path, what: str) -> None:
    version = waiting()
    change, reason = BOUND[what]
    change(version, one_reviewer)
    with pytest.raises(RefusedError, match=f"colours/1 cannot be approved: {reason}"):
        review.approve("bob", NAME, version, "good")


def test_an_approval_expires(one_reviewer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = waiting()
    review.approve("bob", NAME, version, "good")
    packaged(version)
    days = policy.load("classification").policy.expires_days
    assert days == 90
    for after, void in ((89, False), (91, True)):
        then = (datetime.now(UTC) + timedelta(days=after)).strftime("%Y-%m-%dT%H:%M:%SZ")
        monkeypatch.setattr(audit, "now", lambda then=then: then)
        if not void:
            review.granted(NAME, version)
            continue
        with pytest.raises(RefusedError, match="the approval of colours/1 by bob is void: it expired on"):
            review.promote("olga", NAME, version)
        assert str(review.record(NAME, version).approvals[0].void).startswith("it expired")


def test_a_new_check_asks_for_approval_anew(two_reviewers: Path) -> None:
    version = waiting()
    review.approve("bob", NAME, version, "good")
    found = checked(evidence(version=version, seed=1))
    assert (found.summary.state, found.summary.approvals) == ("in_review", 0)
    assert found.approvals == ()


def test_the_same_check_again_changes_nothing(two_reviewers: Path) -> None:
    version = waiting()
    review.approve("bob", NAME, version, "good")
    before = audit.head()
    assert checked(evidence(version=version)).summary.approvals == 1
    assert audit.head() == before


def test_what_a_gate_blocks_does_not_reach_review(one_reviewer: Path) -> None:
    version = new_version()
    found = checked(evidence(version=version, above_chance=interval(0, -0.1, 0.1)))
    assert found.summary.state == "checked"
    assert found.summary.answer.line.startswith(
        "No: above chance: 100 test examples do not show it better than guessing"
    )
    with pytest.raises(RefusedError, match="cannot go to review: .*above chance"):
        review.submit("anna", NAME, version)


def test_an_overruled_gate_takes_a_second_reviewer(one_reviewer: Path) -> None:
    version = new_version()
    found = checked(evidence(version=version, above_chance=interval(0, -0.1, 0.1)), forced=True)
    assert (found.summary.state, found.summary.needed) == ("in_review", 2)
    waits = "Not yet: it waits for 2 approvals, its author overruled above chance."
    assert found.summary.answer.line == waits
    assert review.approve("bob", NAME, version, "known").summary.state == "in_review"
    found = review.approve("carl", NAME, version, "known")
    assert found.summary.state == "approved"
    assert found.summary.answer.line.endswith("gates passed, its author overruled above chance; not promoted.")
    packaged(version)
    review.promote("olga", NAME, version)
    serves = review.record(NAME, version, "bob").summary.answer.line
    assert serves == "Yes: it serves as champion, approved by bob and carl, its author overruled above chance."


def test_requested_changes_void_the_approvals_before_them(two_reviewers: Path) -> None:
    version = waiting()
    review.approve("bob", NAME, version, "good")
    found = review.request_changes("carl", NAME, version, "which licence?")
    assert found.summary.state == "checked"
    assert found.summary.answer.line == "Not yet: carl asks for changes: which licence?"
    found = review.submit("anna", NAME, version, "CC0")
    assert (found.summary.state, found.summary.approvals) == ("in_review", 0)
    review.approve("bob", NAME, version, "good")
    assert review.approve("carl", NAME, version, "good").summary.state == "approved"


def test_an_approval_is_taken_back_by_rejecting(one_reviewer: Path) -> None:
    version = waiting()
    review.approve("bob", NAME, version, "good")
    assert review.reject("carl", NAME, version, "the data are not ours").summary.state == "rejected"
    with pytest.raises(RefusedError, match="rejected by carl: the data are not ours"):
        review.granted(NAME, version)


def test_an_edited_state_is_not_believed(one_reviewer: Path, store: Path) -> None:
    version = waiting()
    sql("UPDATE tatara_versions SET state='approved'")
    with pytest.raises(RefusedError, match="the store says that colours/1 is approved, the audit log says in_review"):
        review.granted(NAME, version)


def test_an_approval_whose_line_was_edited_is_void(one_reviewer: Path, store: Path) -> None:
    version = waiting()
    review.approve("bob", NAME, version, "good")
    sql("UPDATE tatara_audit SET \"user\"='carl' WHERE act='approve'")
    with pytest.raises(RefusedError, match="line .* of the audit log was edited"):
        review.granted(NAME, version)


def test_a_policy_that_asks_for_a_signature_refuses_what_has_none(store: Path, tmp_path: Path, monkeypatch) -> None:
    from tests.registry.cases import use_policy

    monkeypatch.setenv("TATARA_POLICIES", "")
    use_policy(tmp_path / "policies", signed=True)
    version = new_version()
    checked(evidence(version=version))
    packaged(version)
    for act in (lambda: review.granted(NAME, version), lambda: review.promote(None, NAME, version)):
        with pytest.raises(RefusedError, match="asks for a signature"):
            act()


def test_a_worse_slice_is_named_with_its_worst_examples(store: Path) -> None:
    from tests.registry.cases import part

    serving()
    version = new_version()
    lost = against(
        version=version, comparison=(compared(0.03, 0.01, 0.05, "better"),),
        slices=(part("8", (-0.2, -0.3, -0.1), 0.001), part("3", (0.1, 0.0, 0.2), 1.0)),
    )  # fmt: skip
    found: Record = checked(lost)
    assert found.summary.state == "rejected"
    assert found.judgement is not None
    (blocking,) = found.judgement.blocking
    assert "label = 8: -20.00 points [-30.00, -10.00], p = 0.001" in blocking.line
    assert blocking.examples == ("test/8/0.png", "test/8/1.png")
    assert "label = 8" in found.summary.answer.line


def test_approvals_hold_the_digests_of_all_that_was_approved(one_reviewer: Path) -> None:
    version = waiting()
    found = review.approve("bob", NAME, version, "good")
    row, judgement, given = approvals.standing(NAME, version)
    assert set(given[0].binds) == {"model", "contract", "evidence", "policy"}
    assert given[0].binds["policy"] == policy.load(row.kind).digest
    assert json.loads(json.dumps(given[0].binds)) == judgement.binds == found.approvals[0].binds
