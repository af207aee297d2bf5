"""Before a server starts: the version that it serves first lies verified in the deployment's folder."""

import os
from pathlib import Path

from services.rollout.channel import Followed
from services.rollout.deployment import Deployment, now
from services.rollout.fetching import fetch, whole
from services.rollout.records import Desired, Event, Status
from tatara.core.errors import TataraError


def prepare(deployment: Deployment) -> Status:
    """What is served first: what served last, where its copy is whole; else what the channel's record names.

    A newer champion is not waited for: the server follows to it as it follows to any other, so that one that cannot be
    served leaves the last one serving after a restart too.

    Raises:
        RefusedError: the record, or what it names, is not to be believed.
        TataraError: there is no record, or a file is missing.
    """
    desired, status = deployment.desired, deployment.status
    if status is not None:
        status = _gone_back(deployment, desired, status)
    if status is not None and whole(deployment.folder / status.serving.folder, status.serving.manifest):
        return status
    sequence = status.sequences.get("champion", 0) if status else 0
    followed = Followed(Path(desired.channel), deployment.key, desired.name, "champion", sequence)
    followed.look()
    release = followed.release
    if release is None or release.version is None:
        raise TataraError(
            f"{desired.name} has no champion in the channel {desired.channel}; "
            f"approve, package and promote a version: `tatara review list`"
        )
    found = fetch(release, deployment.folder)
    made = Status(
        name=desired.name, pid=os.getpid(), at=now(), serving=found, since=now(),
        sequences={"champion": followed.sequence},
    )  # fmt: skip
    deployment.tell(made)
    reason = release.reason or f"release {release.sequence}"
    deployment.append(Event(at=now(), event="deployed", version=found.version, by=release.by, reason=reason))
    return made


def _gone_back(deployment: Deployment, desired: Desired, status: Status) -> Status:
    """The status in which the version before serves, where an operator went back while no server ran."""
    pinned, before = desired.pinned, status.previous
    if pinned is None or before is None or before.version != pinned.version or status.serving.version == before.version:
        return status
    made = status.model_copy(update={"serving": before, "previous": status.serving, "since": now()})
    deployment.tell(made)
    deployment.append(
        Event(at=now(), event="rolled back", version=before.version, before=status.serving.version, by=pinned.by,
              reason=pinned.reason)
    )  # fmt: skip
    return made
