"""Made-up versions, to see the review's pages with many: ``TATARA_HOME=/tmp/try python scripts/try_review.py 300``.

Made by the same calls as the pipelines make; the figures are random, and the models are none.
"""

import random
import sys
from typing import Any

from registry import review, users, versions
from registry.evidence import Evidence
from registry.store import client, experiment_id
from tatara.core.files import sha256_bytes
from tatara.core.home import apply_library_environment

NAMES = ("flowers", "street-scenes", "defects", "cells", "receipts", "handwriting-kanji")
PEOPLE = {"anna": "data_scientist", "mio": "data_scientist", "bob": "reviewer", "carl": "reviewer", "olga": "operator"}
COLUMNS = (("label", "rose"), ("label", "tulip"), ("brightness", "dark"), ("brightness", "bright"), ("size", "small"))


def main(count: int) -> None:
    """Make that many versions, in every state that a review can come to."""
    apply_library_environment()
    admin = _people()
    for number in range(count):
        random.seed(number)
        name = random.choice(NAMES)
        author = random.choice(("anna", "mio"))
        run = client().create_run(experiment_id("made-up"), tags={"mlflow.user": author}).info.run_id
        client().log_text(run, f"weights {number}", "convert/model.onnx")
        version = str(versions.create(name, run, "convert", {}).version)
        digests = {"convert/model.onnx": sha256_bytes(f"weights {number}".encode())}
        found = review.judge(name, version, _evidence(name, version), digests, author, forced=random.random() < 0.1)
        _decide(found.summary.state, name, version)
    print(f"{count} versions; admin {admin}")


def _people() -> str:
    me = users.shell_user()
    known = {one.name for one in users.everyone()}
    admin = next((one.name for one in users.everyone() if one.role == "admin"), me)
    for name, role in {admin: "admin", **PEOPLE}.items():
        if name not in known:
            users.add(admin, name, role)  # type: ignore[arg-type]
    return admin


def _decide(state: str, name: str, version: str) -> None:
    what = random.random()
    if state == "in_review" and what < 0.5:
        for reviewer in ("bob", "carl"):
            if review.record(name, version).summary.state == "in_review":
                review.approve(reviewer, name, version, "better where it matters, and as fast")
    elif state == "in_review" and what < 0.7:
        review.reject("bob", name, version, "the small ones got worse; more of them in the training data, please")
    elif state == "in_review" and what < 0.8:
        review.request_changes("carl", name, version, "which camera are the dark ones from?")


def _evidence(name: str, version: str) -> Evidence:
    champion = str(int(version) - 1) if int(version) > 1 else None
    base, gain = random.uniform(0.8, 0.97), random.gauss(0.004, 0.012)
    slices = [_slice(column, value, random.gauss(gain, 0.02)) for column, value in COLUMNS] if champion else []
    return Evidence.model_validate(
        {
            "name": name,
            "version": version,
            "champion": champion,
            "kind": "classification",
            "examples": 1200,
            "margin": 0.02,
            "seed": 0,
            "primary": "accuracy",
            "validation": {
                "success": random.random() < 0.97,
                "rules": 16,
                "suite": "5" * 64,
                "bounds_from_suite": True,
            },
            "parity": {"equal": True, "max_abs": 3e-7, "examples": 1200},
            "leakage": {
                "own": (),
                "own_count": 0,
                "champion": () if champion else None,
                "champion_count": 0 if champion else None,
            },
            "above_chance": _around(base - 0.1, 0.02),
            "warnings": (),
            "comparison": [_compared("accuracy", base, gain)] if champion else [],
            "slices": slices,
            "calibration": None,
            "severity": None,
            "robustness": (),
            "cost": {
                "hardware": "cpu:2:made up",
                "latency_ms": 5.2,
                "memory_mb": 80,
                "bytes": 9_100_000,
                "champion_latency_ms": 5.0 if champion else None,
                "latency_ratio": _around(random.uniform(0.8, 1.4), 0.05) if champion else None,
                "champion_memory_mb": 82 if champion else None,
                "champion_bytes": 9_000_000 if champion else None,
            },
        }
    )


def _around(value: float, half: float) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def _compared(metric: str, base: float, gain: float) -> dict[str, Any]:
    low, high = gain - 0.012, gain + 0.012
    judged = "better" if low > 0 else "not_worse" if low > -0.02 else "worse" if high < -0.02 else "not_enough_data"
    verdict = {
        "verdict": judged,
        "difference": _around(gain, 0.012),
        "confidence": 0.9,
        "margin": 0.02,
        "examples": 1200,
        "only_challenger": 31,
        "only_champion": 22,
        "p_value": 0.2,
    }
    return {"metric": metric, "challenger": base + gain, "champion": base, "verdict": verdict, "needed": None}


def _slice(column: str, value: str, gap: float) -> dict[str, Any]:
    p = min(1.0, 10 ** (gap * 60)) if gap < -0.03 else 1.0
    return {
        "column": column,
        "value": value,
        "examples": random.randint(60, 400),
        "challenger": 0.9 + gap,
        "champion": 0.9,
        "difference": _around(gap, 0.02),
        "p_worse": p,
        "p_holm": p,
        "worst": (f"test/{value}/0001.png",),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
