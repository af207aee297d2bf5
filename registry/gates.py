"""The gates: each judges its part of the evidence by the numbers of the policy, in one line with its figures."""

import math
from collections.abc import Callable, Iterable
from typing import Any

from registry.evidence import Evidence, Figure, Slice, most_harm_first, unseeing
from registry.figures import as_points, level, plain, points, signed, times
from registry.policy import (
    AboveChanceGate,
    CalibrationGate,
    ComparisonGate,
    Gate,
    LatencyGate,
    LeakageGate,
    MemoryGate,
    ParityGate,
    Policy,
    RobustnessGate,
    SeverityGate,
    SlicesGate,
    ValidationGate,
)
from registry.records import GateResult, GateVerdict, Numbers
from tatara.core.statistics import Interval, Judgement, judgement

NO_CHAMPION = "no champion to compare with"
_RESULT: dict[Judgement, GateResult] = {
    "better": "pass",
    "not_worse": "pass",
    "worse": "fail",
    "not_enough_data": "not_enough_data",
}


def judge(evidence: Evidence, policy: Policy) -> tuple[GateVerdict, ...]:
    """Every gate's verdict, in the policy's order; a gate for what the kind or dataset does not have says nothing."""
    found = (_GATES[type(gate)](evidence, gate, policy) for gate in policy.gates)
    return tuple(verdict for verdict in found if verdict is not None)


def margin_of(evidence: Evidence, policy: Policy) -> float:
    """The stricter of the policy's margin and the one that the check was asked for."""
    return min(policy.margin, evidence.margin)


def _say(
    gate: Any, result: GateResult, line: str, numbers: Numbers | None = None,
    needed: int | None = None, examples: tuple[str, ...] = (),
) -> GateVerdict:  # fmt: skip
    return GateVerdict(
        gate=gate.gate, verdict=result, blocks=result in gate.blocks, line=line, numbers=numbers or {},
        needed=needed if result == "not_enough_data" else None, examples=examples,
    )  # fmt: skip


def _validation(evidence: Evidence, gate: ValidationGate, policy: Policy) -> GateVerdict:
    found = evidence.validation
    numbers: Numbers = {"rules": found.rules, "suite": found.suite}
    if not found.success:
        return _say(
            gate, "fail", f"the data does not meet the critical rules of its suite ({found.rules} rules)", numbers
        )
    if not found.bounds_from_suite:
        return _say(gate, "fail", "requests are not held to the rules of the data's suite; convert again", numbers)
    return _say(gate, "pass", f"the data meets its {found.rules} rules, and requests are held to the same", numbers)


def _leakage(evidence: Evidence, gate: LeakageGate, policy: Policy) -> GateVerdict:
    found = evidence.leakage
    numbers: Numbers = {"own": found.own_count, "champion": found.champion_count}
    paths = tuple(dict.fromkeys((*found.own, *(found.champion or ()))))
    leaks = [(found.own_count, "its own"), (found.champion_count or 0, "the champion's")]
    said = [f"{count} test examples are in {whose} training data" for count, whose in leaks if count]
    if said:
        return _say(gate, "fail", ", ".join(said), numbers, examples=paths)
    if evidence.champion is not None and found.champion_count is None:
        line = "no test example in its own training data; the champion's tables cannot be had"
        return _say(gate, "not_enough_data", line, numbers)
    whose = "its own or the champion's" if evidence.champion is not None else "its own"
    return _say(gate, "pass", f"none of {evidence.examples} test examples is in {whose} training data", numbers)


def _parity(evidence: Evidence, gate: ParityGate, policy: Policy) -> GateVerdict:
    found = evidence.parity
    numbers: Numbers = {"max_abs": found.max_abs, "examples": found.examples}
    line = f"TensorFlow and ONNX differ by {found.max_abs:.1e} at most on {found.examples} examples"
    if not found.equal:
        return _say(gate, "fail", f"{line}, and give other answers", numbers)
    if gate.at_most is not None and found.max_abs > gate.at_most:
        return _say(gate, "fail", f"{line}, more than {gate.at_most:g}", numbers)
    return _say(gate, "pass", line, numbers)


def _above_chance(evidence: Evidence, gate: AboveChanceGate, policy: Policy) -> GateVerdict | None:
    gap = evidence.above_chance
    if gap is None:
        return None
    shown, blind = f"({points(gap)})", unseeing(evidence.kind)
    if gap.low > 0:
        return _say(gate, "pass", f"better than {blind} {shown}", _numbers(gap))
    if gap.high <= 0:
        return _say(gate, "fail", f"no better than {blind} {shown}", _numbers(gap))
    needed = would_do(evidence.examples, gap, 0)
    line = f"{evidence.examples} test examples do not show it better than {blind} {shown}"
    return _say(gate, "not_enough_data", line + _would_do("not_enough_data", needed), _numbers(gap), needed)


def _comparison(evidence: Evidence, gate: ComparisonGate, policy: Policy) -> GateVerdict:
    if evidence.champion is None or not evidence.comparison:
        return _say(gate, "pass", f"the first version of {evidence.name}")
    found, margin = evidence.comparison[0], margin_of(evidence, policy)
    gain = _gain(found.verdict.difference, found.higher_is_better)
    stands = judgement(gain, margin, found.verdict.apart)
    say, limit = (points, as_points) if found.higher_is_better else (signed, plain)
    line = (
        f"{stands.replace('_', ' ')} against {evidence.name}/{evidence.champion}: {found.metric} "
        f"{say(found.verdict.difference)} on {found.verdict.examples} examples, margin {limit(margin)}"
    )
    numbers: Numbers = {
        **_numbers(found.verdict.difference), "margin": margin, "p_value": found.verdict.p_value,
        "challenger": found.challenger, "champion": found.champion, "examples": found.verdict.examples,
    }  # fmt: skip
    needed = found.needed or would_do(found.verdict.examples, gain, margin)
    result = _RESULT[stands]
    if gate.demand == "better" and stands == "not_worse":
        result, line = "not_enough_data" if gain.high > 0 else "fail", f"{line}; the policy asks for better"
        needed = would_do(found.verdict.examples, gain, 0)
    return _say(gate, result, line + _would_do(result, needed), numbers, needed)


def _slices(evidence: Evidence, gate: SlicesGate, policy: Policy) -> GateVerdict:
    if evidence.champion is None or not evidence.slices:
        return _say(gate, "pass", NO_CHAMPION)
    margin, count = margin_of(evidence, policy), len(evidence.slices)
    numbers: Numbers = {"slices": count, "alpha": gate.alpha, "margin": margin}
    lost = [one for one in most_harm_first(evidence.slices, gate.alpha) if one.p_holm < gate.alpha]
    if lost:
        said = "; ".join(_slice(one) for one in lost[:3]) + (f"; and {len(lost) - 3} more" if len(lost) > 3 else "")
        which, order = ("a slice", "") if len(lost) == 1 else (f"{len(lost)} slices", ", the largest loss first")
        line = f"{which} got worse by more than {as_points(margin)} points{order}: {said}"
        return _say(gate, "fail", line, {**numbers, **_of_slice(lost[0])}, examples=_worst(lost))
    doubtful = [one for one in evidence.slices if one.difference.value < -margin]
    if doubtful:
        one = min(doubtful, key=lambda found: found.p_holm)
        line = f"{_slice(one)}, which {one.examples} examples do not decide"
        needed = one.needed or would_do(one.examples, one.difference, margin)
        return _say(
            gate, "not_enough_data", line + _would_do("not_enough_data", needed), {**numbers, **_of_slice(one)}, needed,
            one.worst,
        )  # fmt: skip
    return _say(
        gate,
        "pass",
        f"none of {count} slices is shown to be worse by more than {as_points(margin)} points (Holm)",
        numbers,
    )


def _calibration(evidence: Evidence, gate: CalibrationGate, policy: Policy) -> GateVerdict | None:
    found = evidence.calibration
    if found is not None and gate.at_most is not None and found.challenger.low > gate.at_most:
        line = f"{found.name} {level(found.challenger)}, more than {gate.at_most:g}"
        return _say(gate, "fail", line, _numbers(found.challenger))
    return None if found is None else _figures(evidence, gate, [found], gate.margin)


def _severity(evidence: Evidence, gate: SeverityGate, policy: Policy) -> GateVerdict | None:
    return None if evidence.severity is None else _figures(evidence, gate, [evidence.severity], gate.margin)


def _robustness(evidence: Evidence, gate: RobustnessGate, policy: Policy) -> GateVerdict | None:
    examples = evidence.robustness_examples or evidence.examples
    return _figures(evidence, gate, evidence.robustness, gate.margin, examples) if evidence.robustness else None


def _figures(
    evidence: Evidence, gate: Gate, figures: Iterable[Figure], margin: float, examples: int | None = None
) -> GateVerdict:
    """The worst verdict of figures whose difference may not be worse than ``margin``."""
    order: tuple[GateResult, ...] = ("fail", "not_enough_data", "pass")
    count = examples or evidence.examples
    judged: list[tuple[int, str, Figure, int | None]] = []
    for figure in figures:
        say, limit = (points, as_points) if figure.higher_is_better else (signed, plain)
        if figure.difference is None:
            own = say if figure.higher_is_better else level
            judged.append((order.index("pass"), f"{figure.name} {own(figure.challenger)}", figure, None))
            continue
        gain = _gain(figure.difference, figure.higher_is_better)
        result = _RESULT[judgement(gain, margin)]
        if figure.level is not None and _RESULT[judgement(figure.level, margin)] == "pass":
            result = "pass"  # it falls from higher up
        needed = would_do(count, gain, margin)
        said = {"pass": "not worse", "fail": "worse", "not_enough_data": "not decided"}[result]
        line = f"{figure.name} {said}: {say(figure.difference)}, margin {limit(margin)}{_would_do(result, needed)}"
        judged.append((order.index(result), line, figure, needed))
    worst = min(place for place, _, _, _ in judged)
    shown = [one for one in judged if one[0] == worst]
    numbers: Numbers = {"margin": margin}
    for _, _, figure, _ in judged:
        numbers |= {
            f"{figure.name}_{key}": value for key, value in _numbers(figure.difference or figure.challenger).items()
        }
    line = "; ".join(line for _, line, _, _ in shown)
    if all(figure.difference is None for _, _, figure, _ in judged):
        line = f"{NO_CHAMPION}: {line}"
    needs = [needed for _, _, _, needed in shown if needed is not None]
    return _say(gate, order[worst], line, numbers, max(needs) if needs else None)


def _latency(evidence: Evidence, gate: LatencyGate, policy: Policy) -> GateVerdict:
    cost = evidence.cost
    numbers: Numbers = {
        "milliseconds": cost.latency_ms, "champion_milliseconds": cost.champion_latency_ms, "hardware": cost.hardware,
        **(_numbers(cost.latency_ratio) if cost.latency_ratio else {}),
    }  # fmt: skip
    line = f"{cost.latency_ms:.1f} ms an answer on {cost.hardware}"
    if cost.latency_ratio is not None:
        line += f", {times(cost.latency_ratio)} the champion's"
    if gate.milliseconds is not None and cost.latency_ms > gate.milliseconds:
        return _say(gate, "fail", f"{line}; at most {gate.milliseconds:g} ms are allowed", numbers)
    ratio = cost.latency_ratio
    if gate.ratio is not None and ratio is not None and ratio.high > gate.ratio:
        result: GateResult = "fail" if ratio.low > gate.ratio else "not_enough_data"
        return _say(gate, result, f"{line}; at most {gate.ratio:g}× is allowed", numbers)
    return _say(gate, "pass", line, numbers)


def _memory(evidence: Evidence, gate: MemoryGate, policy: Policy) -> GateVerdict:
    cost = evidence.cost
    numbers: Numbers = {"megabytes": cost.memory_mb, "champion_megabytes": cost.champion_memory_mb, "bytes": cost.bytes}
    line = f"{cost.memory_mb:.0f} MB at the peak"
    if gate.megabytes is not None and cost.memory_mb > gate.megabytes:
        return _say(gate, "fail", f"{line}; at most {gate.megabytes:g} MB are allowed", numbers)
    if cost.champion_memory_mb:
        ratio = cost.memory_mb / cost.champion_memory_mb
        numbers, line = {**numbers, "value": ratio}, f"{line}, {ratio:.2f}× the champion's"
        if gate.ratio is not None and ratio > gate.ratio:
            return _say(gate, "fail", f"{line}; at most {gate.ratio:g}× is allowed", numbers)
    return _say(gate, "pass", line, numbers)


def would_do(examples: int, gain: Interval, margin: float) -> int | None:
    """Examples that would decide, were the gain what it is now: the interval shrinks with the root of their number.

    None where the gain lies where no number would.
    """
    spread, distance = max(gain.value - gain.low, gain.high - gain.value), max(gain.value + margin, -gain.value)
    return max(examples + 1, math.ceil(examples * (spread / distance) ** 2)) if distance > 0 and spread > 0 else None


def _would_do(result: GateResult, needed: int | None) -> str:
    return f"; about {needed} examples would decide" if result == "not_enough_data" and needed else ""


def _gain(difference: Interval, higher_is_better: bool) -> Interval:
    if higher_is_better:
        return difference
    return Interval(value=-difference.value, low=-difference.high, high=-difference.low)


def _slice(one: Slice) -> str:
    return f"{one.column} = {one.value}: {points(one.difference)}, p = {one.p_holm:.2g}"


def _of_slice(one: Slice) -> Numbers:
    return {
        "slice": f"{one.column} = {one.value}",
        "examples": one.examples,
        "p": one.p_holm,
        **_numbers(one.difference),
    }


def _worst(slices: list[Slice]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for one in slices for path in one.worst))


def _numbers(gap: Interval) -> Numbers:
    return {"value": gap.value, "low": gap.low, "high": gap.high}


_GATES: dict[type[Gate], Callable[[Evidence, Any, Policy], GateVerdict | None]] = {
    ValidationGate: _validation,
    LeakageGate: _leakage,
    ParityGate: _parity,
    AboveChanceGate: _above_chance,
    ComparisonGate: _comparison,
    SlicesGate: _slices,
    CalibrationGate: _calibration,
    SeverityGate: _severity,
    RobustnessGate: _robustness,
    LatencyGate: _latency,
    MemoryGate: _memory,
}
