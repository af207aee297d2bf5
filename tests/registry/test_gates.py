"""Every gate on evidence whose answer is worked out by hand."""

from typing import Any

import pytest

from registry import gates
from registry.evidence import Evidence
from registry.policy import Policy
from registry.records import GateVerdict
from tatara.core.statistics import Interval
from tests.registry.cases import against, compared, cost, evidence, figure, interval, part


def judged(found: Evidence, gate: dict[str, Any], margin: float = 0.02) -> GateVerdict:
    policy = Policy.model_validate(
        {"version": 1, "approvals": 0, "expires_days": None, "signed": False, "margin": margin, "gates": (gate,)}
    )
    (verdict,) = gates.judge(found, policy)
    return verdict


def check(found: Evidence, gate: dict[str, Any], verdict: str, line: str, **given: Any) -> GateVerdict:
    said = judged(found, gate, **given)
    assert (said.verdict, said.line) == (verdict, line)
    assert said.blocks == (verdict in gate.get("blocks", ("fail",)))
    return said


def test_validation() -> None:
    gate, rules = {"gate": "validation"}, {"rules": 14, "suite": "5" * 64}
    check(evidence(), gate, "pass", "the data meets its 14 rules, and requests are held to the same")
    bad = evidence(validation={"success": False, "bounds_from_suite": True, **rules})
    check(bad, gate, "fail", "the data does not meet the critical rules of its suite (14 rules)")
    loose = evidence(validation={"success": True, "bounds_from_suite": False, **rules})
    check(loose, gate, "fail", "requests are not held to the rules of the data's suite; convert again")


def test_leakage() -> None:
    gate = {"gate": "leakage"}
    check(evidence(), gate, "pass", "none of 100 test examples is in its own training data")
    check(against(), gate, "pass", "none of 100 test examples is in its own or the champion's training data")
    found = {"own": ("test/a.png",), "own_count": 1, "champion": ("test/a.png", "test/b.png"), "champion_count": 2}
    line = "1 test examples are in its own training data, 2 test examples are in the champion's training data"
    said = check(against(leakage=found), gate, "fail", line)
    assert said.examples == ("test/a.png", "test/b.png")
    unknown = {"own": (), "own_count": 0, "champion": None, "champion_count": None}
    line = "no test example in its own training data; the champion's tables cannot be had"
    check(against(leakage=unknown), gate, "not_enough_data", line)


def test_parity() -> None:
    line = "TensorFlow and ONNX differ by 1.0e-07 at most on 100 examples"
    check(evidence(), {"gate": "parity"}, "pass", line)
    check(evidence(), {"gate": "parity", "at_most": 1e-8}, "fail", f"{line}, more than 1e-08")
    other = evidence(parity={"equal": False, "max_abs": 1e-7, "examples": 100})
    check(other, {"gate": "parity"}, "fail", f"{line}, and give other answers")


def test_above_chance() -> None:
    gate = {"gate": "above_chance", "blocks": ["fail", "not_enough_data"]}
    check(evidence(), gate, "pass", "better than guessing (+50.00 points [+40.00, +60.00])")
    check(evidence(kind="image"), gate, "pass", "better than the image itself (+50.00 points [+40.00, +60.00])")
    said = "100 test examples do not show it better than guessing"
    found = evidence(above_chance=interval(0.1, -0.1, 0.3))
    # Half the width is 0.2 on 100 examples; to lie above 0 it has to be 0.1, which takes four times as many.
    assert (
        check(
            found, gate, "not_enough_data", f"{said} (+10.00 points [-10.00, +30.00]); about 400 examples would decide"
        ).needed
        == 400
    )
    none = "no better than guessing (-20.00 points [-30.00, +0.00])"
    check(evidence(above_chance=interval(-0.2, -0.3, 0.0)), gate, "fail", none)
    policy = Policy.model_validate({"version": 1, "approvals": 0, "expires_days": 1, "signed": False, "margin": 0.1,
                                    "gates": (gate,)})  # fmt: skip
    assert gates.judge(evidence(above_chance=None), policy) == ()


@pytest.mark.parametrize(
    ("gap", "demand", "verdict", "stands"),
    [
        ((0.03, 0.01, 0.05), "not_worse", "pass", "better"),
        ((0.00, -0.01, 0.01), "not_worse", "pass", "not worse"),
        ((-0.05, -0.08, -0.02), "not_worse", "fail", "worse"),
        ((-0.01, -0.05, 0.03), "not_worse", "not_enough_data", "not enough data"),
        ((0.03, 0.01, 0.05), "better", "pass", "better"),
        ((0.005, -0.01, 0.02), "better", "not_enough_data", "not worse"),
        ((-0.01, -0.015, -0.005), "better", "fail", "not worse"),
    ],
)
def test_comparison(gap: tuple[float, float, float], demand: str, verdict: str, stands: str) -> None:
    found = judged(against(comparison=(compared(*gap),)), {"gate": "comparison", "demand": demand})
    assert found.verdict == verdict
    shown = f"{100 * gap[0]:+.2f} points [{100 * gap[1]:+.2f}, {100 * gap[2]:+.2f}]"
    assert found.line.startswith(f"{stands} against colours/1: accuracy {shown} on 100 examples, margin 2")
    assert ("the policy asks for better" in found.line) == (demand == "better" and stands != "better")


@pytest.mark.parametrize(
    ("gap", "stands"), [((0.03, 0.001, 0.06), "not worse"), ((-0.03, -0.06, -0.001), "not enough data")]
)
def test_right_and_wrong_are_called_better_or_worse_only_where_the_exact_test_agrees(gap: tuple, stands: str) -> None:
    """On few discordant answers the interval alone is wrong a little too often."""
    for p_value, exact, said in ((0.11, True, stands), (0.11, False, None), (0.09, True, None)):
        one = compared(*gap)
        one["verdict"] = {**one["verdict"], "p_value": p_value, "exact": exact}
        line = judged(against(comparison=(one,)), {"gate": "comparison"}).line
        assert line.startswith(said or ("better" if gap[0] > 0 else "worse"))


def test_comparison_says_how_many_examples_would_do() -> None:
    gate = {"gate": "comparison"}
    found = judged(against(comparison=(compared(-0.01, -0.05, 0.03),)), gate)
    # The wider half is 0.04; either end needs 0.01 (to -0.02, or to 0): (0.04 / 0.01) ** 2 times 100.
    assert found.needed == 1600
    assert found.line.endswith("; about 1600 examples would decide")
    given = judged(against(comparison=(compared(-0.01, -0.05, 0.03, needed=777),)), gate)
    assert given.needed == 777


def test_the_stricter_margin_holds() -> None:
    found = against(comparison=(compared(-0.03, -0.04, 0.01),), margin=0.1)
    assert judged(found, {"gate": "comparison"}, margin=0.02).verdict == "not_enough_data"
    assert judged(found, {"gate": "comparison"}, margin=0.05).verdict == "pass"
    strict = against(comparison=(compared(-0.03, -0.04, 0.01),), margin=0.02)
    assert judged(strict, {"gate": "comparison"}, margin=0.05).verdict == "not_enough_data"


def test_a_first_version_has_nothing_to_be_worse_than() -> None:
    check(evidence(), {"gate": "comparison"}, "pass", "the first version of colours")
    check(evidence(), {"gate": "slices"}, "pass", "no champion to compare with")


def test_slices() -> None:
    gate = {"gate": "slices"}
    fine = (part("3", (0.0, -0.1, 0.1), 1.0), part("8", (-0.01, -0.1, 0.1), 0.6))
    check(against(slices=fine), gate, "pass", "none of 2 slices is shown to be worse by more than 2 points (Holm)")
    lost = (part("3", (-0.1, -0.15, -0.05), 0.001), part("8", (-0.2, -0.3, -0.1), 0.04), part("1", (0, -1, 1), 1.0))
    line = (
        "2 slices got worse by more than 2 points, the largest loss first: "
        "label = 8: -20.00 points [-30.00, -10.00], p = 0.04; label = 3: -10.00 points [-15.00, -5.00], p = 0.001"
    )
    said = check(against(slices=lost), gate, "fail", line)
    assert said.examples == ("test/8/0.png", "test/8/1.png", "test/3/0.png", "test/3/1.png")
    assert said.numbers["slice"] == "label = 8"
    assert judged(against(slices=lost), {"gate": "slices", "alpha": 0.01}).line.startswith("a slice got worse")
    doubtful = (part("8", (-0.1, -0.3, 0.1), 0.2, needed=61),)
    line = "label = 8: -10.00 points [-30.00, +10.00], p = 0.2, which 30 examples do not decide"
    line += "; about 61 examples would decide"
    assert check(against(slices=doubtful), gate, "not_enough_data", line).needed == 61


def test_calibration_counts_less_as_better() -> None:
    gate = {"gate": "calibration", "margin": 0.02}

    def of(*gap: float) -> Evidence:
        return against(calibration=figure("calibration_error", gap, higher=False))  # type: ignore[arg-type]

    assert judged(of(-0.05, -0.07, -0.03), gate).verdict == "pass"
    assert judged(of(0.0, -0.01, 0.01), gate).verdict == "pass"
    assert judged(of(0.05, 0.03, 0.07), gate).verdict == "fail"
    found = judged(of(0.01, -0.01, 0.03), gate)
    assert found.verdict == "not_enough_data"
    assert found.needed == 400
    at_most = {"gate": "calibration", "margin": 0.02, "at_most": 0.04}
    check(of(0.0, -0.01, 0.01), at_most, "fail", "calibration_error 0.1000 [0.0500, 0.1500], more than 0.04")


def test_severity_and_robustness() -> None:
    worse = against(severity=figure("mistake_severity", (0.5, 0.3, 0.7), higher=False))
    line = "mistake_severity worse: +0.5000 [+0.3000, +0.7000], margin 0.2"
    check(worse, {"gate": "severity", "margin": 0.2}, "fail", line)
    corrupted = (
        figure("blur", (-0.2, -0.3, -0.1), higher=True), figure("noise", (0, -0.01, 0.01), higher=True),
    )  # fmt: skip
    gate = {"gate": "robustness", "margin": 0.05}
    check(against(robustness=corrupted), gate, "fail", "blur worse: -20.00 points [-30.00, -10.00], margin 5")
    above = (figure("blur", (-0.2, -0.3, -0.1), higher=True, level=interval(0.1, 0.05, 0.15)),)
    assert judged(against(robustness=above), gate).verdict == "pass"
    alone = (figure("blur", None, higher=True),)
    check(evidence(robustness=alone), gate, "pass", "no champion to compare with: blur +10.00 points [+5.00, +15.00]")


def test_latency() -> None:
    line = "5.0 ms an answer on cpu:2:test"
    check(evidence(), {"gate": "latency", "ratio": 2.0}, "pass", line)
    check(evidence(), {"gate": "latency", "milliseconds": 4}, "fail", f"{line}; at most 4 ms are allowed")
    for (value, low, high), verdict in (
        ((1.0, 0.9, 1.1), "pass"), ((2.0, 1.4, 2.2), "not_enough_data"), ((3.0, 2.5, 3.5), "fail"),
    ):  # fmt: skip
        found = against(cost=cost(champion_latency_ms=2.0, latency_ratio=interval(value, low, high)))
        allowed = "" if verdict == "pass" else "; at most 1.5× is allowed"
        said = f"{line}, {value:.2f}× [{low:.2f}, {high:.2f}] the champion's{allowed}"
        check(found, {"gate": "latency", "ratio": 1.5}, verdict, said)


def test_memory() -> None:
    check(evidence(), {"gate": "memory", "ratio": 2.0}, "pass", "50 MB at the peak")
    check(evidence(), {"gate": "memory", "megabytes": 40}, "fail", "50 MB at the peak; at most 40 MB are allowed")
    found = against(cost=cost(champion_memory_mb=20.0))
    line = "50 MB at the peak, 2.50× the champion's"
    check(found, {"gate": "memory", "ratio": 2.0}, "fail", f"{line}; at most 2× is allowed")
    check(found, {"gate": "memory", "ratio": 2.5}, "pass", line)


@pytest.mark.parametrize("blocks", [[], ["fail"], ["not_enough_data"], ["fail", "not_enough_data"]])
def test_the_policy_says_what_blocks(blocks: list[str]) -> None:
    gate = {"gate": "comparison", "blocks": blocks}
    for gap in ((-0.05, -0.08, -0.02), (-0.01, -0.05, 0.03), (0.03, 0.01, 0.05)):
        found = judged(against(comparison=(compared(*gap),)), gate)
        assert found.blocks == (found.verdict in blocks)


def test_no_number_of_examples_moves_an_estimate_that_lies_on_the_bound() -> None:
    assert gates.would_do(100, Interval(value=0.0, low=-0.1, high=0.1), 0) is None
