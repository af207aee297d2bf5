"""The demo policy's table."""

import pytest

from registry.approval import Evidence, decide


def evidence(**changes: object) -> Evidence:
    values = {"validated": True, "parity": True, "verdict": "first", "reason": "r", "forced": False}
    return Evidence.model_validate({**values, **changes})


@pytest.mark.parametrize(
    ("changes", "decision"),
    [
        ({}, "approved"),
        ({"verdict": "better"}, "approved"),
        ({"verdict": "not_worse"}, "approved"),
        ({"verdict": "not_enough_data"}, "approved"),
        ({"verdict": "worse"}, "rejected"),
        ({"verdict": "worse", "forced": True}, "approved"),
        ({"validated": False}, "rejected"),
        ({"parity": False, "forced": True}, "rejected"),
    ],
)
def test_decisions(changes: dict[str, object], decision: str) -> None:
    made = decide(evidence(**changes), {"model": "0" * 64})
    assert made.decision == decision
    assert made.automatic
    assert made.by == "policy:demo"
