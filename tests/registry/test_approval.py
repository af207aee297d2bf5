"""The demo policy's table."""

import pytest

from registry.approval import Evidence, decide


def evidence(**changes: object) -> Evidence:
    values = {"validated": True, "parity": True, "verdict": "first", "reason": "r", "forced": False}
    return Evidence.model_validate({**values, **changes})


def interval(value: float, low: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": 0.5}


@pytest.mark.parametrize(
    ("changes", "decision"),
    [
        ({}, "approved"),
        ({"verdict": "better"}, "approved"),
        ({"verdict": "not_worse"}, "approved"),
        ({"verdict": "not_enough_data"}, "approved"),
        ({"verdict": "worse"}, "rejected"),
        ({"verdict": "worse", "forced": True}, "approved"),
        ({"above_chance": interval(0.3, 0.01)}, "approved"),
        ({"above_chance": interval(0.3, 0.0)}, "rejected"),
        ({"above_chance": interval(0.0, -0.1), "verdict": "not_enough_data"}, "rejected"),
        ({"above_chance": interval(0.0, -0.1), "forced": True}, "approved"),
        ({"warnings": ("the loss is flat",)}, "approved"),
        ({"validated": False}, "rejected"),
        ({"parity": False, "forced": True}, "rejected"),
    ],
)
def test_decisions(changes: dict[str, object], decision: str) -> None:
    made = decide(evidence(**changes), {"model": "0" * 64})
    assert made.decision == decision
    assert made.automatic
    assert made.by == "policy:demo"


def test_the_reason_says_what_was_not_shown_and_what_training_warned_of() -> None:
    doubtful = {"above_chance": interval(0.02, -0.1), "warnings": ("the loss is flat", "one class is predicted")}
    said = "r; it is not shown to be better than guessing (+0.0200 [-0.1000, +0.5000]); "
    warned = "; training warned: the loss is flat; training warned: one class is predicted"
    assert decide(evidence(**doubtful), {}).reason == f"{said}force=true approves it all the same{warned}"
    assert decide(evidence(**doubtful, forced=True), {}).reason == f"{said}forced{warned}"
    assert decide(evidence(), {}).reason == "r"
