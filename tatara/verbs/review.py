"""``review``: who lets a model serve, and on what evidence. The user is ``TATARA_USER``, or who is logged in."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tatara.core.errors import UsageError
from tatara.verbs import Output, Request
from tatara.verbs.options import boolean, options, port, subject

REFUSED = 3


def review(request: Request, output: Output) -> int:
    """Do one act of the review, or show something of it; 3 where a gate, the log or an alias is not as it should be."""
    if not request.words or request.words[0] not in _VERBS:
        known = ", ".join(_VERBS)
        raise UsageError(f"what to do? tatara review VERB [NAME/VERSION]; verbs: {known}")
    do, takes = _VERBS[request.words[0]]
    given = options(request, **takes)
    return do(request, given, output)


def version_of(request: Request) -> tuple[str, str]:
    """The name and version that the request is about.

    Raises:
        UsageError: there is none, or it names no version.
    """
    reference = subject(request, 1, "NAME/VERSION")
    if match := re.fullmatch(r"(.+)/(\d+)", reference):
        return match[1], match[2]
    raise UsageError(f"{reference!r} names no version; write NAME/VERSION, `tatara review list` shows them")


def me() -> str:
    """The acting user."""
    from registry.users import shell_user

    return shell_user()


def _list(request: Request, given: dict[str, Any], output: Output) -> int:
    from registry import review as service
    from registry.exporting import versions_csv
    from registry.users import login
    from tatara.verbs.review_text import table

    if len(request.words) > 2:
        raise UsageError("give one NAME, or none")
    if len(request.words) == 2:
        found = service.history(request.words[1], login()).versions
    else:
        found = service.queue(login(), everything=given.get("all", False))
    if "csv" in given:
        return _csv(Path(given["csv"]), versions_csv(found), output)
    output.give({"versions": [one.model_dump(mode="json") for one in found]}, table(found, login()))
    return 0


def _show(request: Request, given: dict[str, Any], output: Output) -> int:
    from registry import review as service
    from registry.users import login

    return _give(service.record(*version_of(request), login()), output)


def _check(request: Request, given: dict[str, Any], output: Output) -> int:
    """Run the pipelines' check step in the folder of the version's run, or on what the run kept where that folder is
    not on this machine; the registry judges what it finds."""
    from pipelines.evidence.again import workspace_of
    from pipelines.run import run_stage
    from registry import review as service
    from registry.users import login
    from tatara.core.errors import RefusedError

    name, version = version_of(request)
    workspace = workspace_of(name, version)
    parameters = workspace.parameters("register")
    if given.get("force"):
        parameters = parameters.model_copy(update={"force": True})
    try:
        run_stage("check", workspace, parameters)
    except RefusedError:
        if not workspace.finished("check"):
            raise
    found = service.record(name, version, login())
    _give(found, output)
    return REFUSED if found.summary.state in ("checked", "rejected") else 0


def _act(name: str, reason: str = "reason") -> Callable[[Request, dict[str, Any], Output], int]:
    """An act on one version that a person gives a reason for."""

    def do(request: Request, given: dict[str, Any], output: Output) -> int:
        from registry import review as service

        return _give(getattr(service, name)(me(), *version_of(request), given.get(reason, "")), output)

    return do


def _promote(request: Request, given: dict[str, Any], output: Output) -> int:
    from registry import review as service

    role = given.get("role", "champion")
    if role not in ("champion", "canary"):
        raise UsageError(f"role={role}: champion or canary")
    return _released(service.promote(me(), *version_of(request), role, given.get("reason", "")), output)


def _rollback(request: Request, given: dict[str, Any], output: Output) -> int:
    from registry import review as service

    return _released(service.roll_back(me(), *version_of(request), given.get("reason", "")), output)


def _withdraw(request: Request, given: dict[str, Any], output: Output) -> int:
    from registry import review as service

    return _released(service.withdraw(me(), subject(request, 1, "NAME"), given.get("reason", "")), output)


def _audit(request: Request, given: dict[str, Any], output: Output) -> int:
    """Verify the log; ``head save=FILE`` keeps its signed head, ``csv=FILE`` writes it out."""
    from registry import audit, auditing
    from tatara.verbs.review_text import audited

    what = request.words[1:]
    if what == ("head",):
        if "save" not in given:
            raise UsageError("where to? tatara review audit head save=FILE")
        path = Path(given["save"])
        head = audit.save_head(path)
        text = f"{path}: line {head.sequence}, {head.digest[:12]}; keep it where the store's writers cannot reach"
        output.give({**head.model_dump(), "file": str(path)}, text)
        return 0
    if what or "save" in given:
        raise UsageError("write: tatara review audit [against=FILE], audit head save=FILE, or audit csv=FILE")
    if "csv" in given:
        return _csv(Path(given["csv"]), auditing.as_csv(), output)
    found = auditing.verify(Path(given["against"]) if "against" in given else None)
    output.give(found.model_dump(mode="json"), audited(found, "against" in given))
    return REFUSED if found.problems else 0


def _csv(path: Path, content: str, output: Output) -> int:
    from tatara.core.files import write_text

    write_text(path, content)
    lines = content.count("\r\n") - 1
    output.give({"csv": str(path), "lines": lines}, f"{path}: {lines} lines")
    return 0


def _reconcile(request: Request, given: dict[str, Any], output: Output) -> int:
    from registry import review as service
    from registry.words import harmless

    fix = given.get("fix", False)
    moved = service.reconcile(me() if fix else None, fix)
    text = "\n".join(one.line for one in moved) or "every alias and every published record is what was decided"
    output.give({"moved": [one.model_dump(mode="json") for one in moved]}, harmless(text))
    return REFUSED if moved and not fix else 0


def _card(request: Request, given: dict[str, Any], output: Output) -> int:
    from tatara.verbs.review_card import card

    return card(request, given, output)


def _users(request: Request, given: dict[str, Any], output: Output) -> int:
    from tatara.verbs.review_users import users

    return users(request, given, output)


def _serve(request: Request, given: dict[str, Any], output: Output) -> int:
    from tatara.verbs.review_serve import serve

    return serve(request, given, output)


def _hooks(request: Request, given: dict[str, Any], output: Output) -> int:
    from tatara.verbs.review_hooks import hooks

    return hooks(request, given, output)


def _deliver(request: Request, given: dict[str, Any], output: Output) -> int:
    from tatara.verbs.review_hooks import deliver

    return deliver(request, given, output)


def _move(request: Request, given: dict[str, Any], output: Output) -> int:
    from registry.moving import move

    if len(request.words) != 1 or "to" not in given:
        raise UsageError("where to? tatara review move to=postgresql+psycopg://USER@HOST/DATABASE")
    done = move(me(), given["to"])
    rows = sum(done.rows.values())
    text = (
        f"{rows} rows of {len(done.rows)} tables are in {done.url}; the audit log is whole there\n"
        f"from now on, everywhere: export MLFLOW_TRACKING_URI={done.url}"
    )
    output.give(done.model_dump(), text)
    return 0


def _give(found: Any, output: Output) -> int:
    from tatara.verbs.review_text import page

    output.give(found.model_dump(mode="json"), page(found))
    return 0


def _released(release: Any, output: Output) -> int:
    from tatara.verbs.review_text import released

    output.give(release.model_dump(mode="json"), released(release))
    return 0


_Types = dict[str, Callable[[str], Any]]
_REASON: _Types = {"reason": str}
_VERBS: dict[str, tuple[Callable[[Request, dict[str, Any], Output], int], _Types]] = {
    "list": (_list, {"all": boolean, "csv": str}),
    "show": (_show, {}),
    "check": (_check, {"force": boolean}),
    "submit": (_act("submit"), _REASON),
    "approve": (_act("approve"), _REASON),
    "reject": (_act("reject"), _REASON),
    "changes": (_act("request_changes"), _REASON),
    "comment": (_act("comment", "text"), {"text": str}),
    "card": (_card, {"section": str, "text": str, "file": str}),
    "promote": (_promote, {"role": str, **_REASON}),
    "rollback": (_rollback, _REASON),
    "withdraw": (_withdraw, _REASON),
    "retire": (_act("retire"), _REASON),
    "audit": (_audit, {"save": str, "against": str, "csv": str}),
    "reconcile": (_reconcile, {"fix": boolean}),
    "hooks": (_hooks, {"url": str, "events": str}),
    "deliver": (_deliver, {}),
    "move": (_move, {"to": str}),
    "users": (_users, {"role": str, "minutes": int, "days": int, "port": port, "url": str}),
    "serve": (_serve, {"host": str, "port": port, "url": str}),
}
"""Verb -> what does it, and the options that it takes."""
