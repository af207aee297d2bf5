"""What the gates do on simulated pairs of models, counted: how often they call alike models better or worse, and how
often they see a loss that is there.

    python -m benchmarks.gates [trials=1000] [kinds=classification,detection,segmentation]

Tables of predictions go the whole way: the kind's own paired test, slices, Holm's correction, the gates of a policy.
Detection is resampled as average precision is, segmentation as mean IoU. No model is trained. On two cores a thousand
trials of each take half an hour.
"""

import importlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np

from benchmarks.gate_pairs import KINDS, LABELS, expected
from pipelines.evidence.comparison import compared
from pipelines.evidence.resampling import apart, weightings
from pipelines.evidence.slices import slices
from registry.evidence import Evidence
from registry.gates import judge
from registry.policy import Policy
from registry.records import GateVerdict
from tatara.core.hypotheses import LEVEL, POWER, examples_needed

MARGIN = 0.02
EXAMPLES = {"classification": 600, "detection": 80, "segmentation": 80}
ALIKE = [0.0] * len(LABELS)
LOSS = {"classification": 0.06, "detection": 0.1, "segmentation": 0.03}
"""Of the chance of a right answer: what is planted in every class."""
PLANTED = {"classification": (1200, 0.25), "detection": (200, 0.45), "segmentation": (240, 0.15)}
"""Examples, and what is planted in one class, while the others gain as much."""
LOST = "c"
POLICY = Policy.model_validate({
    "version": 1, "approvals": 0, "expires_days": None, "signed": False, "margin": MARGIN,
    "gates": [{"gate": "comparison", "demand": "better"}, {"gate": "slices", "alpha": LEVEL}],
})  # fmt: skip


def main(trials: int, kinds: Sequence[str]) -> dict[str, Any]:
    """The counts of each kind, as shares of the trials."""
    return {"trials": trials, "at_most": allowed(trials), **{kind: counted(kind, trials) for kind in kinds}}


def allowed(trials: int, level: float = LEVEL) -> float:
    """Share of false alarms that a test at the level stays below in so many trials, but once in a thousand."""
    from scipy.stats import binom

    return float(binom.ppf(0.999, trials, level)) / trials


def counted(kind: str, trials: int) -> dict[str, Any]:
    """Shares of the trials in which something was said; of losses a quarter of the trials is made.

    Returns:
        ``alike``: two models of one quality were called ``better``, ``worse``, or a slice of them worse (``slice``).
        ``margin``: where every class loses exactly the margin, it passed, or a slice was called worse; of right and
            wrong alone, where the chance of a right answer is the metric.
        ``loss``: a loss in every class was called worse, on as many examples as `examples_needed` asks for.
        ``class``: the class that lost was named, and the mean of all had risen (``rose``).
    """
    generator, fewer = np.random.default_rng(17), max(1, trials // 4)
    alike = Counter(said for _ in range(trials) for said in _said(*verdicts(kind, generator, EXAMPLES[kind], ALIKE)))
    examples, lost = needed(kind), [-LOSS[kind]] * len(LABELS)
    worse = Counter(said for _ in range(fewer) for said in _said(*verdicts(kind, generator, examples, lost)))
    at_margin = at_the_margin(trials) if kind == "classification" else None
    count, loss = PLANTED[kind]
    shift = [-loss if label == LOST else loss for label in LABELS]
    one = [verdicts(kind, generator, count, shift) for _ in range(fewer)]
    return {
        "alike": {said: alike[said] / trials for said in ("better", "worse", "slice")} | {"examples": EXAMPLES[kind]},
        "margin": at_margin,
        "loss": {"worse": worse["worse"] / fewer, "promised": POWER, "examples": examples},
        "class": {
            "named": sum(f"label = {LOST}:" in parts.line for _, parts in one) / fewer,
            "rose": sum(float(whole.numbers["value"] or 0) > 0 for whole, _ in one) / fewer,
            "examples": count,
        },
    }


def at_the_margin(trials: int, examples: int = 1600) -> dict[str, float]:
    """Shares of the trials in which a classifier that loses exactly the margin in every class passed, or a slice did
    not: at this edge each test alone errs as often as it may."""
    generator, edge = np.random.default_rng(23), [-MARGIN] * len(LABELS)
    found = Counter(
        said for _ in range(trials) for said in _said(*verdicts("classification", generator, examples, edge))
    )
    return {"passed": (found["better"] + found["not worse"]) / trials, "slice": found["slice"] / trials,
            "examples": examples}  # fmt: skip


def _said(comparison: GateVerdict, parts: GateVerdict) -> list[str]:
    found = [comparison.line.split(" against ")[0]]
    return [*found, "slice"] if parts.verdict == "fail" else found


def verdicts(
    kind: str, generator: np.random.Generator, examples: int, shift: Sequence[float]
) -> tuple[GateVerdict, GateVerdict]:
    """What the gates of comparison and slices say of one simulated pair."""
    new, old = KINDS[kind](generator, examples, shift)
    seed = int(generator.integers(2**31))
    evaluation = importlib.import_module(f"pipelines.tasks.{kind}.evaluation")
    challenger, champion = importlib.import_module(f"pipelines.tasks.{kind}.judged").judged(new, old, LABELS, None)
    primary = evaluation.paired(new, old, MARGIN, seed)
    only = {name: metric for name, metric in challenger.metrics.items() if name == next(iter(challenger.metrics))}
    found = compared(_with(challenger, only), champion, primary, MARGIN, seed)
    parts = slices(challenger, champion, {}, MARGIN, seed)
    evidence = _evidence(kind, examples, found, parts)
    comparison, by_slice = judge(evidence, POLICY)
    return comparison, by_slice


def needed(kind: str) -> int:
    """Examples with which the planted loss is to be seen with the promised power: of right and wrong by what is to be
    expected, else by a large sample's deviation."""
    shift, many, decisions = [-LOSS[kind]] * len(LABELS), 400, 1.0
    if kind == "classification":
        gap, deviation = expected(shift)
    else:
        new, old = KINDS[kind](np.random.default_rng(5), many, shift)
        challenger, champion = importlib.import_module(f"pipelines.tasks.{kind}.judged").judged(new, old, LABELS, None)
        primary = next(iter(challenger.metrics))
        sampled = apart(challenger.metrics[primary], champion.metrics[primary], weightings(many, 0))
        gap, deviation = sampled.value, sampled.deviation * sqrt(many)
        decisions = float(challenger.decisions.mean())
    found = examples_needed(gap, deviation, MARGIN, decisions, exact=kind == "classification")
    assert found is not None
    return found


def _with(judged: Any, metrics: dict[str, Any]) -> Any:
    from dataclasses import replace

    return replace(judged, metrics=metrics)


def _evidence(kind: str, examples: int, comparison: Any, parts: Any) -> Evidence:
    """With what the gates under test read; the rest is as good as it can be."""
    return Evidence.model_validate({
        "name": "simulated", "version": "2", "champion": "1", "kind": kind, "examples": examples, "margin": MARGIN,
        "seed": 0, "primary": comparison[0].metric, "comparison": comparison, "slices": parts, "warnings": (),
        "validation": {"success": True, "rules": 1, "suite": "", "bounds_from_suite": True},
        "parity": {"equal": True, "max_abs": 0.0, "examples": examples},
        "leakage": {"own": (), "own_count": 0, "champion": (), "champion_count": 0},
        "above_chance": None, "calibration": None, "severity": None, "robustness": (),
        "cost": {"hardware": "none", "latency_ms": 1.0, "memory_mb": 1.0, "bytes": 1, "champion_latency_ms": None,
                 "latency_ratio": None, "champion_memory_mb": None},
    })  # fmt: skip


if __name__ == "__main__":
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    chosen = given.get("kinds", ",".join(KINDS)).split(",")
    print(json.dumps(main(int(given.get("trials", 1000)), chosen), indent=1))
