"""``deploy``: serve what the registry's release record names, and follow it."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tatara.core.errors import UsageError
from tatara.core.home import state_root
from tatara.verbs import Output, Request
from tatara.verbs.options import boolean, options, port

if TYPE_CHECKING:
    from services.rollout.deployment import Deployment
    from services.rollout.records import Desired

WANTED = ("canary", "shadow", "follow", "agreement", "channel", "channel_key")
"""Options of what is wanted; the others are of the server."""


def deploy(request: Request, output: Output) -> int:
    """Serve until Ctrl-C, following the channel; where a server runs already, tell it what is wanted now."""
    given = options(
        request, canary=share, shadow=boolean, follow=boolean, agreement=float, channel=str, channel_key=Path,
        port=port, gpu=boolean, int8=boolean, key=Path, ensemble=Path,
    )  # fmt: skip
    if not request.words:
        raise UsageError(f"which models? tatara {request.usage}")
    found = [deployment_of(name, must_be=False) for name in dict.fromkeys(request.words)]
    with ExitStack() as stack:
        mine = [stack.enter_context(one.owned()) for one in found]
        for name, one in zip(request.words, found, strict=False):
            want(one, name, given)
        if not all(mine):
            return _tell_running(found, mine, output)
        return _serve(found, {name: value for name, value in given.items() if name not in WANTED}, output)


def deployment_of(name: str, must_be: bool = True) -> "Deployment":
    """The deployment of a registered name on this machine.

    Raises:
        UsageError: there is none, and it ``must_be``.
    """
    from services.rollout.deployment import Deployment
    from tatara.core.release import folder_name

    found = Deployment(state_root() / "deployments" / folder_name(name))
    if must_be and not found.exists:
        raise UsageError(f"{name} is not deployed on this machine; `tatara deploy {name}` deploys it")
    return found


def want(deployment: "Deployment", name: str, given: dict[str, Any]) -> None:
    """Write down what the operator wants; what is not ``given`` stays as it was.

    Raises:
        UsageError: a canary and a shadow at once, or an agreement that is no share.
    """
    from services.rollout.records import Desired

    if given.get("canary") and given.get("shadow"):
        raise UsageError("canary and shadow: one of them; a canary's answers are compared too")
    if not 0 < given.get("agreement", 0.8) < 1:
        raise UsageError(f"agreement={given['agreement']}: a share between 0 and 1")
    if deployment.exists:
        wanted = deployment.desired
    else:
        wanted = Desired(name=name, channel=_channel(given))
    if "channel" in given:
        wanted = wanted.model_copy(update={"channel": _channel(given)})
    if "channel_key" in given or not deployment.key.is_file():
        _trust(deployment, given.get("channel_key"))
    deployment.want(_changed(wanted, given))


def _changed(wanted: "Desired", given: dict[str, Any]) -> "Desired":
    changes: dict[str, Any] = {}
    if "canary" in given:
        changes = {"canary": given["canary"] or None, "shadow": False, "ended": None}
    if "shadow" in given:
        changes |= {"shadow": given["shadow"], "ended": None} | ({"canary": None} if given["shadow"] else {})
    if given.get("follow"):
        changes["pinned"] = None
    if "agreement" in given:
        changes["least_agreement"] = given["agreement"]
    return wanted.model_copy(update=changes)


def _channel(given: dict[str, Any]) -> str:
    from registry.channel import folder

    if "://" in given.get("channel", ""):
        raise UsageError(f"channel={given['channel']}: a folder; mount it, nothing is fetched from a URL")
    return str(Path(given["channel"]).absolute() if "channel" in given else folder().absolute())


def _trust(deployment: "Deployment", key: Path | None) -> None:
    """Keep the public key that releases are believed by; a key that is changed elsewhere later is not believed."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from registry.keys import verifying_key
    from tatara.core.envelope import public_key
    from tatara.core.files import write_bytes

    found = public_key(key) if key else verifying_key()
    write_bytes(deployment.key, found.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _tell_running(found: Sequence["Deployment"], mine: Sequence[bool], output: Output) -> int:
    told = [one for one, own in zip(found, mine, strict=True) if not own]
    names = ", ".join(one.desired.name for one in told)
    if len(told) < len(found):
        raise UsageError(f"{names} is served by another server already; stop it, or deploy the others by themselves")
    output.give(
        {"deployments": [one.desired.model_dump(mode="json") for one in told]},
        f"{names}: the server that runs was told; `tatara status` shows what it does",
    )
    return 0


def _serve(found: Sequence["Deployment"], given: dict[str, Any], output: Output) -> int:
    from services.ensemble import VARIABLE as ENSEMBLE
    from services.ensemble import read_graph, refuse_unserved
    from services.launch import exit_when_told, launch
    from services.rollout.deployment import VARIABLE
    from services.rollout.starting import prepare
    from tatara.core.files import write_json

    statuses = [prepare(one) for one in found]
    environment = {VARIABLE: os.pathsep.join(str(one.folder) for one in found)}
    if "ensemble" in given:
        refuse_unserved(read_graph(given["ensemble"]), [one.name for one in statuses])
        environment[ENSEMBLE] = str(given["ensemble"].absolute())
    environment |= {f"TATARA_{name.upper()}": "1" for name in ("gpu", "int8") if given.get(name)}
    first, log = statuses[0].serving, found[0].folder / "server.log"
    exit_when_told()
    print(f"starting  {first.bento} (log: {log})", file=sys.stderr, flush=True)
    with launch(
        first.bento, Path(first.place).parents[2], log, given.get("port"), environment=environment,
        public_key=given.get("key"),
    ) as service:  # fmt: skip
        for one in found:
            write_json(one.folder / "server.json", {"url": service.url, "pid": service.process.pid})
        names = ", ".join(f"{one.name}/{one.serving.version}" for one in statuses)
        output.give(
            {"url": service.url, "serving": {one.name: one.serving.version for one in statuses}},
            f"{service.url} serves {names} and follows the channel; see {service.url}/deployments; Ctrl-C stops it",
        )
        return service.wait()


def share(text: str) -> float:
    """``10%`` or ``0.1``: up to a half; 0 for none."""
    from services.rollout.records import MOST_SHARE

    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = -1.0
    if not 0 <= found <= MOST_SHARE:
        raise ValueError(f"write a share of the requests, from 0% to {MOST_SHARE:.0%}, like 10% or 0.1")
    return found
