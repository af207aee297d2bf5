"""What the tests of webhooks do again and again."""

from registry.webhooks import delivering, endpoints
from tests.registry.cases import checked, evidence, new_version
from tests.registry.webhooks.receiver import Receiver


def hook(receiver: Receiver, *events: str, name: str = "chat") -> str:
    return endpoints.add("root", name, f"{receiver.url}/hooks/secret?token=t", events)


def waiting() -> str:
    version = new_version()
    checked(evidence(version=version))
    return version


def outcome(delivered: int = 0, failed: int = 0, dead: int = 0) -> delivering.Delivered:
    return delivering.Delivered(delivered=delivered, failed=failed, dead=dead)
