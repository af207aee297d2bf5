"""The registry review: what the shell verb, the web page and the pipelines call, and nothing else does.

Every function that changes something takes the acting user's name first, looks his role up in the same transaction,
follows the one table in `registry.states`, and appends one act to the audit log. What is not possible raises
`RefusedError` in one line that names the state and what is possible.
"""

from collections.abc import Mapping

from registry import approvals, audit, database, judging, reconciling, releases, signed, users, viewing
from registry.acting import act, known, run_of, take_in
from registry.card import making, prose
from registry.evidence import Evidence
from registry.records import Card, Granted, History, Judgement, Moved, Record, Summary
from registry.states import ActName
from registry.words import written
from tatara.core.errors import RefusedError
from tatara.core.release import Release, ReleaseRole


def queue(user: str | None = None, everything: bool = False) -> tuple[Summary, ...]:
    """Versions that wait for somebody, those that wait for ``user`` first, then the longest waiting.

    Args:
        user: name; None looks as nobody.
        everything: every version in every state.
    """
    with database.reading() as connection:
        found = viewing.summaries(connection, user)
    if everything:
        return tuple(found)
    waiting = [one for one in found if one.state in viewing.WAITING and not one.roles]
    return tuple(sorted(waiting, key=lambda one: (not one.waits_for_me, one.since, one.name)))


def history(name: str, user: str | None = None) -> History:
    """All versions of ``name``.

    Raises:
        UsageError: the registry knows no such model.
    """
    with database.reading() as connection:
        return viewing.history(connection, name, user)


def record(name: str, version: str, user: str | None = None) -> Record:
    """Everything about one version; approvals are held to the bytes that lie in the store now.

    Raises:
        UsageError: the registry knows no such version.
    """
    with database.reading() as connection:
        return viewing.record(connection, name, version, user)


def card(name: str, version: str) -> Card:
    """The model card of one version, as it stands now.

    Raises:
        UsageError: the registry knows no such version.
    """
    with database.reading() as connection:
        return making.make(connection, name, version)


def register(user: str, name: str, version: str) -> None:
    """Take a version of MLflow's registry in as a draft; nothing where it is in already.

    The author is the run's user (MLflow's tag ``mlflow.user``), or ``user`` where the run does not say.

    Raises:
        UsageError: MLflow has no such version.
    """
    source = run_of(name, version)
    with audit.writing() as connection:
        take_in(connection, name, version, users.runner(connection, user), source, "")


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
    judging.judge(name, version, evidence, digests, user, forced)
    return record(name, version, user)


def submit(user: str, name: str, version: str, reason: str = "") -> Record:
    """Ask for review of a checked version, for example after requested changes were answered."""
    with audit.writing() as connection:
        row = known(connection, name, version)
        found = judging.latest(connection, row)
        if row.state == "checked" and found is not None and found[0].blocking and not found[0].forced:
            raise RefusedError(f"{row.what} cannot go to review: {found[0].reason}")
        act(
            connection,
            row,
            "submit",
            users.actor(connection, user),
            {"reason": written(reason, "reason", needed=False)},
        )
    return record(name, version, user)


def approve(user: str, name: str, version: str, reason: str) -> Record:
    """Approve what lies in the store now; the last approval that the policy asks for makes the version approved.

    Raises:
        RefusedError: not in review, no reviewer, the author of the run, approved by this user already, or the files
            are not those that were checked.
    """
    approvals.approve(user, name, version, written(reason, "reason"))
    return record(name, version, user)


def reject(user: str, name: str, version: str, reason: str) -> Record:
    """Reject a version, also one that was approved and does not serve yet."""
    return _say(user, name, version, "reject", {"reason": written(reason, "reason")})


def request_changes(user: str, name: str, version: str, reason: str) -> Record:
    """Send a version back to its author."""
    return _say(user, name, version, "request_changes", {"reason": written(reason, "reason")})


def comment(user: str, name: str, version: str, text: str) -> Record:
    """Say something about a version; the state stays."""
    return _say(user, name, version, "comment", {"text": written(text, "text")})


def edit_card(user: str, name: str, version: str, section: str, text: str, instead_of: str | None = None) -> Card:
    """Write a section of the card anew, which its author and reviewers may; an empty text clears it.

    Args:
        user: who writes.
        name, version: of the card.
        section: one of `registry.card.prose.SECTIONS`: intended_use, out_of_scope, limits, licence or notes.
        text: plain text, of at most 4,000 characters.
        instead_of: what stood there when its writer began; None to write over whatever stands there.

    Raises:
        UsageError: no such section, or too long.
        RefusedError: retired, another data scientist's version, or something else stands there meanwhile.
    """
    prose.edit(user, name, version, section, text, instead_of)
    return card(name, version)


def granted(name: str, version: str) -> Granted:
    """What an approved version stands on, its files read again: what packaging asks for.

    Raises:
        RefusedError: not approved, unsigned where the policy asks for a signature, or an approval is void; the message
            says which digest or date.
    """
    row, judgement, found = approvals.standing(name, version)
    signed.require(row, judgement, signed.BEFORE_PACKAGING)
    return Granted(
        by=tuple(one.by for one in found), automatic=all(one.automatic for one in found), policy=judgement.policy,
        reason=found[-1].reason, at=found[-1].at, binds=judgement.binds, acts=tuple(one.digest for one in found),
        digests=judgement.digests, signed=judgement.signed,
    )  # fmt: skip


def asks_for_signature(name: str, version: str) -> bool:
    """Whether the policy that judged the version last lets only what is signed be packaged, promoted and served."""
    with database.reading() as connection:
        found = judging.latest(connection, known(connection, name, version))
    return found is not None and found[0].signed


def promote(user: str | None, name: str, version: str, role: ReleaseRole = "champion", reason: str = "") -> Release:
    """Make an approved and packaged version serve: move the alias and publish the signed release record.

    Args:
        user: an operator; None where the policy that approved it promotes it, which it does not over another version
            where the author overruled a gate.
        role: ``champion``, or ``canary``.

    Raises:
        RefusedError: not approved, an approval is void, not packaged, or not packaged from what was approved.
    """
    return releases.promote(user, name, version, role, written(reason, "reason", needed=False))


def roll_back(user: str, name: str, to_version: str, reason: str) -> Release:
    """Make a version champion again that was it before. An approval that has expired since does not stand in the way;
    one that is void for another reason does."""
    return releases.roll_back(user, name, to_version, written(reason, "reason"))


def withdraw(user: str, name: str, reason: str, version: str | None = None) -> Release:
    """Take the canary out; the version stays approved.

    Args:
        version: that is meant; None for whichever it is.

    Raises:
        RefusedError: there is no canary, or another one by now.
    """
    return releases.withdraw(user, name, written(reason, "reason"), version)


def retire(user: str, name: str, version: str, reason: str) -> Record:
    """End a version for good; where it serves, its roles become empty."""
    releases.retire(user, name, version, written(reason, "reason"))
    return record(name, version, user)


def reconcile(user: str | None = None, fix: bool = False) -> tuple[Moved, ...]:
    """Aliases and published records that somebody moved behind the registry, or that a crash left behind.

    Args:
        user: an operator, where ``fix``.
        fix: put them back.
    """
    return reconciling.reconcile(user, fix)


def judgements(name: str, version: str) -> tuple[Judgement, ...]:
    """Every check of a version, newest first."""
    with database.reading() as connection:
        return judging.every(connection, name, version)


def _say(user: str, name: str, version: str, what: ActName, detail: dict[str, str]) -> Record:
    with audit.writing() as connection:
        act(connection, known(connection, name, version), what, users.actor(connection, user), detail)
    return record(name, version, user)
