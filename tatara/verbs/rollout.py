"""``rollout``, ``rollback`` and ``status``: what is tried, going back, and what is and was.

What concerns the server is written to the deployment's folder first, and done when the server's status says so; the
registry is told afterwards, since that takes longer than an operator wants to wait.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.home import state_root
from tatara.core.login import login
from tatara.verbs import Output, Request
from tatara.verbs.deploy import deployment_of
from tatara.verbs.options import boolean, options, subject
from tatara.verbs.rollout_text import history_lines, status_lines, trial_lines

if TYPE_CHECKING:
    from services.rollout.deployment import Deployment
    from services.rollout.records import Status

SECONDS = 60.0
"""For the server to do what is wanted."""
UNTOLD = 1


def rollout(request: Request, output: Output) -> int:
    """Show, promote or abort what is tried."""
    given = options(request, reason=str, force=boolean)
    verbs = {"status": _status_of, "promote": _promote, "abort": _abort}
    if not request.words or request.words[0] not in verbs:
        raise UsageError(f"what to do? tatara {request.usage}")
    return verbs[request.words[0]](subject(request, 1, "NAME"), given, output)


def rollback(request: Request, output: Output) -> int:
    """Let the version before serve again; it stays, whatever the channel says, until ``deploy NAME follow=true``."""
    from services.rollout.deployment import now
    from services.rollout.records import Pinned

    given = options(request, reason=str)
    name, reason = subject(request, 0, "NAME"), given.get("reason", "rolled back from the shell")
    deployment = deployment_of(name)
    status = _served(deployment)
    if (pinned := deployment.desired.pinned) is not None:
        raise RefusedError(
            f"{name} was rolled back to {pinned.version} already ({pinned.reason}); `tatara deploy {name} follow=true` "
            "follows the channel again"
        )
    if status.previous is None:
        raise RefusedError(f"{name}: no version served before {status.serving.version} here; nothing to go back to")
    target, began = status.previous.version, time.monotonic()
    wanted = Pinned(version=target, at=now(), by=login(), reason=reason)
    deployment.want(deployment.desired.model_copy(update={"pinned": wanted}))
    if running(deployment):
        _until(deployment, lambda one: one.serving.version == target, "pinned")
    seconds = time.monotonic() - began
    told = _tell_registry(lambda review, me: review.roll_back(me, name, target, reason))
    value = {"name": name, "version": target, "from": status.serving.version, "seconds": seconds, "registry": told}
    how = f"serves again, after {seconds:.2f} s" if running(deployment) else "serves when it is deployed again"
    untold = f"\nthe registry was not told ({told}); `tatara review rollback {name}/{target} reason=...` tells it"
    output.give(
        value, f"{name}/{target} {how}; {status.serving.version} does not come back by itself{untold if told else ''}"
    )
    return UNTOLD if told else 0


def status(request: Request, output: Output) -> int:
    """Every deployment of this machine, or one with its history."""
    from services.rollout.deployment import Deployment

    options(request)
    if request.words:
        found = [deployment_of(subject(request, 0, "NAME"))]
    else:
        root = state_root() / "deployments"
        folders = sorted(root.iterdir()) if root.is_dir() else []
        found = [one for one in map(Deployment, folders) if one.exists]
    values, lines = [], []
    for one in found:
        value = _value(one)
        values.append(value)
        lines += status_lines(value) + (history_lines(value["history"]) if request.words else [])
    text = "\n".join(lines) or "nothing is deployed on this machine; `tatara deploy NAME` deploys a model"
    output.give({"deployments": values}, text)
    return 0


def running(deployment: "Deployment") -> bool:
    """Whether a server has it."""
    with deployment.owned() as mine:
        return not mine


def _value(deployment: "Deployment") -> dict[str, Any]:
    from tatara.core.files import read_json

    alive, server, found = running(deployment), deployment.folder / "server.json", deployment.status
    return {
        "name": deployment.desired.name,
        "running": alive,
        "url": read_json(server)["url"] if alive and server.is_file() else None,
        "desired": deployment.desired.model_dump(mode="json"),
        "status": found.model_dump(mode="json") if found else None,
        "history": [one.model_dump(mode="json") for one in deployment.history()],
    }


def _status_of(name: str, given: dict[str, Any], output: Output) -> int:
    found = _served(deployment_of(name))
    output.give({"name": name, **found.model_dump(mode="json", include={"candidate", "trial", "withdrawn"})},
                "\n".join(trial_lines(name, found.model_dump(mode="json"))))  # fmt: skip
    return 0


def _promote(name: str, given: dict[str, Any], output: Output) -> int:
    """Make the candidate the champion, which the server then follows."""
    from registry import review
    from tatara.verbs.review import me

    deployment = deployment_of(name)
    found = _served(deployment)
    if found.candidate is None or found.trial is None:
        raise RefusedError(f"{name}: no version is tried; `tatara review promote {name}/V role=canary` names one")
    version, trial = found.candidate.version, found.trial
    if trial["decision"] != "not_worse" and not given.get("force"):
        raise RefusedError(f"{name}/{version}: {trial['reason']}; wait, or force=true reason=...")
    review.promote(me(), name, version, "champion", given.get("reason") or f"tried: {trial['reason']}")
    if running(deployment):
        _until(deployment, lambda one: one.serving.version == version, "champion")
    output.give(
        {"name": name, "version": version, "reason": trial["reason"]}, f"{name}/{version} is the champion and serves"
    )
    return 0


def _abort(name: str, given: dict[str, Any], output: Output) -> int:
    """End the trial, and tell the registry; also of one that the server ended."""
    deployment = deployment_of(name)
    found = _served(deployment)
    if found.candidate is not None:
        sequence, reason = found.candidate.sequence, given.get("reason", "aborted from the shell")
        deployment.want(deployment.desired.model_copy(update={"ended": sequence}))
        if running(deployment):
            _until(deployment, lambda one: one.candidate is None, "canary")
    elif found.withdrawn is not None:
        reason = given.get("reason", found.withdrawn[1])
    else:
        raise RefusedError(f"{name}: no version is tried, and none was withdrawn; nothing to abort")
    told = _tell_registry(lambda review, me: review.withdraw(me, name, reason))
    untold = f"; the registry was not told ({told}): `tatara review withdraw {name} reason=...`" if told else ""
    output.give({"name": name, "reason": reason, "registry": told}, f"{name}: no version is tried any more{untold}")
    return UNTOLD if told else 0


def _served(deployment: "Deployment") -> "Status":
    if (found := deployment.status) is None:
        raise RefusedError(f"{deployment.desired.name} was wanted and has never served; `tatara deploy` says why")
    return found


def _until(deployment: "Deployment", holds: Callable[["Status"], bool], what: str) -> None:
    """Wait until the server's status says that it is done.

    Raises:
        RefusedError: the server could not; the message is its reason.
        TataraError: it says nothing.
    """
    before = {one.at for one in _served(deployment).refusals}
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        found = _served(deployment)
        if holds(found):
            return
        if refused := [one for one in found.refusals if one.role == what and one.at not in before]:
            raise RefusedError(f"{refused[0].reason}; {found.serving.version} serves on")
        time.sleep(0.02)
    raise TataraError(f"the server did not do it within {SECONDS:.0f} s; see {deployment.folder / 'server.log'}")


def _tell_registry(do: Callable[[Any, str], Any]) -> str | None:
    """Why the registry could not be told; None where it was."""
    try:
        from registry import review
        from tatara.verbs.review import me

        do(review, me())
    except Exception as error:  # whatever it is, the server has done its part already
        return " ".join(str(error).split()) or type(error).__name__
    return None
