"""The registry review: what the shell verb, the web page and the pipelines call, and nothing else does.

Every function that changes something takes the acting user's name first, looks his role up in the same transaction,
follows the one table in `registry.states`, and appends one act to the audit log. What is not possible raises
`RefusedError` in one line that names the state and what is possible.
"""

from collections.abc import Mapping

from registry.evidence import Evidence
from registry.records import Approval, History, Judgement, Moved, Record, Summary
from tatara.core.release import Release, ReleaseRole


def queue(user: str | None = None, everything: bool = False) -> tuple[Summary, ...]:
    """Versions that wait for somebody, those that wait for ``user`` first, then the longest waiting.

    Args:
        user: name; None looks as nobody.
        everything: every version in every state.
    """
    raise NotImplementedError


def history(name: str, user: str | None = None) -> History:
    """All versions of ``name``.

    Raises:
        UsageError: the registry knows no such model.
    """
    raise NotImplementedError


def record(name: str, version: str, user: str | None = None) -> Record:
    """Everything about one version; approvals are held to the bytes that lie in the store now.

    Raises:
        UsageError: the registry knows no such version.
    """
    raise NotImplementedError


def register(user: str, name: str, version: str) -> None:
    """Take a version of MLflow's registry in as a draft; nothing where it is in already.

    The author is the run's user (MLflow's tag ``mlflow.user``), or ``user`` where the run does not say.

    Raises:
        UsageError: MLflow has no such version.
    """
    raise NotImplementedError


def judge(
    name: str, version: str, evidence: Evidence, digests: Mapping[str, str], user: str, forced: bool = False
) -> Record:
    """Judge ``evidence`` by the policy of its kind and bring the version on: what the check step calls at its end.

    With ``approvals: 0`` the policy approves or rejects at once; else the version goes to review, or stays checked
    where a gate blocks it. The same evidence on the same bytes under the same policy changes nothing.

    Args:
        name, version: of MLflow's registry; taken in where it is not.
        evidence: of the check step.
        digests: path among the run's artifacts (``convert/model.onnx``, ``check/evidence.json``, ...) -> SHA-256, of
            every file that an approval is to be bound to.
        user: who runs the check; need not be a user of the registry.
        forced: go on although a gate blocks, on the record.

    Raises:
        RefusedError: the version serves or is retired.
    """
    raise NotImplementedError


def submit(user: str, name: str, version: str, reason: str = "") -> Record:
    """Ask for review of a checked version, for example after requested changes were answered."""
    raise NotImplementedError


def approve(user: str, name: str, version: str, reason: str) -> Record:
    """Approve what lies in the store now; the last approval that the policy asks for makes the version approved.

    Raises:
        RefusedError: not in review, no reviewer, the author of the run, approved by this user already, or the files
            are not those that were checked.
    """
    raise NotImplementedError


def reject(user: str, name: str, version: str, reason: str) -> Record:
    """Reject a version, also one that was approved and does not serve yet."""
    raise NotImplementedError


def request_changes(user: str, name: str, version: str, reason: str) -> Record:
    """Send a version back to its author."""
    raise NotImplementedError


def comment(user: str, name: str, version: str, text: str) -> Record:
    """Say something about a version; the state stays."""
    raise NotImplementedError


def standing(name: str, version: str) -> tuple[Approval, ...]:
    """The valid approvals of an approved version, its files read again: what packaging and promoting stand on.

    Raises:
        RefusedError: not approved, or an approval is void; the message says which digest or date.
    """
    raise NotImplementedError


def promote(user: str | None, name: str, version: str, role: ReleaseRole = "champion", reason: str = "") -> Release:
    """Make an approved and packaged version serve: move the alias and publish the signed release record.

    Args:
        user: an operator; None where the policy that approved it promotes it.
        role: ``champion``, or ``canary``.

    Raises:
        RefusedError: not approved, an approval is void, not packaged, or not packaged from what was approved.
    """
    raise NotImplementedError


def roll_back(user: str, name: str, to_version: str, reason: str) -> Release:
    """Make a version champion again that was it before. An approval that has expired since does not stand in the way;
    one that is void for another reason does."""
    raise NotImplementedError


def withdraw(user: str, name: str, reason: str) -> Release:
    """Take the canary out; the version stays approved."""
    raise NotImplementedError


def retire(user: str, name: str, version: str, reason: str) -> Record:
    """End a version for good; where it serves, its roles become empty."""
    raise NotImplementedError


def reconcile(user: str | None = None, fix: bool = False) -> tuple[Moved, ...]:
    """Aliases and published records that somebody moved behind the registry, or that a crash left behind.

    Args:
        user: an operator, where ``fix``.
        fix: put them back.
    """
    raise NotImplementedError


def judgements(name: str, version: str) -> tuple[Judgement, ...]:
    """Every check of a version, newest first."""
    raise NotImplementedError
