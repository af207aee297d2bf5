"""An endpoint for every test of webhooks, and a policy that asks for one reviewer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver(one_reviewer: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("TATARA_HOOK_NETWORKS", "127.0.0.0/8")
    monkeypatch.delenv("TATARA_REVIEW_URL", raising=False)
    with receiving() as found:
        yield found
