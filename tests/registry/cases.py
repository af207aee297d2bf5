"""Versions to review without a training: small files in real runs of a real store, and evidence to change."""

import json
import os
from pathlib import Path
from typing import Any

from registry import review, versions
from registry.evidence import Evidence
from registry.records import Record
from registry.store import client, experiment_id, local_artifacts
from tatara.core.files import digest, tree, write_bytes, write_json
from tatara.core.home import state_root
from tatara.core.statistics import Interval, Verdict

NAME = "colours"
MODEL = {"model.onnx": b"weights", "prepare.onnx": b"resize", "contract.json": b"{}"}


def interval(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def verdict(value: float, low: float, high: float, judged: str = "not_worse", examples: int = 100) -> dict[str, Any]:
    found = Verdict(
        verdict=judged, difference=Interval(**interval(value, low, high)), confidence=0.9, margin=0.02,
        examples=examples, only_challenger=3, only_champion=2, p_value=0.5,
    )  # type: ignore[arg-type]  # fmt: skip
    return found.model_dump()


def compared(value: float, low: float, high: float, judged: str = "not_worse", **given: Any) -> dict[str, Any]:
    return {"metric": "accuracy", "challenger": 0.9 + value, "champion": 0.9, "needed": None,
            "verdict": verdict(value, low, high, judged), **given}  # fmt: skip


def part(value: str, gap: tuple[float, float, float], p_holm: float, **given: Any) -> dict[str, Any]:
    return {"column": "label", "value": value, "examples": 30, "challenger": 0.8, "champion": 0.9,
            "difference": interval(*gap), "p_worse": p_holm / 10, "p_holm": p_holm,
            "worst": (f"test/{value}/0.png", f"test/{value}/1.png"), **given}  # fmt: skip


def figure(name: str, gap: tuple[float, float, float] | None, higher: bool, **given: Any) -> dict[str, Any]:
    return {"name": name, "higher_is_better": higher, "challenger": interval(0.1, 0.05, 0.15),
            "champion": None if gap is None else interval(0.1, 0.05, 0.15),
            "difference": None if gap is None else interval(*gap), **given}  # fmt: skip


def cost(**given: Any) -> dict[str, Any]:
    return {"hardware": "cpu:2:test", "latency_ms": 5.0, "memory_mb": 50.0, "bytes": 1000, "champion_latency_ms": None,
            "latency_ratio": None, "champion_memory_mb": None, **given}  # fmt: skip


def evidence(**changes: Any) -> Evidence:
    """Of a first version that passes every gate of the default policies."""
    values = {
        "name": NAME, "version": "1", "champion": None, "kind": "classification", "examples": 100, "margin": 0.02,
        "seed": 0, "primary": "accuracy",
        "validation": {"success": True, "rules": 14, "suite": "5" * 64, "bounds_from_suite": True},
        "parity": {"equal": True, "max_abs": 1e-7, "examples": 100},
        "leakage": {"own": (), "own_count": 0, "champion": None, "champion_count": None},
        "above_chance": interval(0.5, 0.4, 0.6), "warnings": (), "comparison": (), "slices": (),
        "calibration": None, "severity": None, "robustness": (), "cost": cost(),
    }  # fmt: skip
    return Evidence.model_validate({**values, **changes})


def against(**changes: Any) -> Evidence:
    """`evidence` of a second version, which holds its own against the first."""
    values = {
        "version": "2", "champion": "1", "comparison": (compared(0.01, -0.01, 0.03),),
        "leakage": {"own": (), "own_count": 0, "champion": (), "champion_count": 0},
    }  # fmt: skip
    return evidence(**{**values, **changes})


def new_version(author: str = "anna", name: str = NAME, files: dict[str, bytes] | None = None) -> str:
    """A version in MLflow's registry from a run of ``author``, with the convert stage's files."""
    tags = {"mlflow.user": author} if author else {}
    run_id = str(client().create_run(experiment_id("reviewed"), tags=tags).info.run_id)
    folder = state_root() / "made" / run_id / "convert"
    for path, content in (files or MODEL).items():
        write_bytes(folder / path, content)
    client().log_artifacts(run_id, str(folder), "convert")
    return str(versions.create(name, run_id, "convert", {}).version)


def checked(found: Evidence, user: str = "anna", forced: bool = False) -> Record:
    """What the check step does when it has gathered ``found``."""
    run_id = run_of(found.version, found.name)
    folder = state_root() / "made" / run_id / "check"
    write_bytes(folder / "evidence.json", found.model_dump_json().encode())
    client().log_artifacts(run_id, str(folder), "check")
    digests = {
        f"{stage}/{path}": sha
        for stage in ("convert", "check")
        for path, sha in tree(local_artifacts(run_id, stage)).items()
    }
    return review.judge(found.name, found.version, found, digests, user, forced)


def packaged(version: str, name: str = NAME) -> Path:
    """What the package stage leaves of a version; the Bento's folder."""
    run_id, home = run_of(version, name), state_root() / "bentoml"
    bento, model = home / "bentos" / name / version, home / "models" / name / version
    write_bytes(bento / "bento.yaml", b"service")
    for path in tree(local_artifacts(run_id, "convert")):
        write_bytes(model / path, (local_artifacts(run_id, "convert") / path).read_bytes())
    record = {"bento": f"{name}:{version}", "model": f"{name}:{version}", "path": str(bento), "manifest": "3" * 64,
              "sha256": digest(tree(bento)), "files": 1}  # fmt: skip
    folder = state_root() / "made" / run_id / "package"
    write_json(folder / "package.json", record)
    client().log_artifacts(run_id, str(folder), "package")
    return bento


def run_of(version: str, name: str = NAME) -> str:
    return str(client().get_model_version(name, version).run_id)


def serving(author: str = "anna") -> str:
    """A version that the policy approved and that serves as the champion."""
    version = new_version(author)
    checked(evidence(version=version) if version == "1" else against(version=version))
    packaged(version)
    review.promote(None, NAME, version)
    return version


def sql(*statements: str) -> None:
    """Change the database behind the registry's back; every statement has to change something."""
    from registry.database import engine

    with engine().connect() as connection:
        connection.execution_options(tatara_writes=True)
        with connection.begin():
            for statement in statements:
                assert connection.exec_driver_sql(statement).rowcount > 0, statement


def use_policy(folder: Path, **changes: Any) -> Path:
    """Policies with other values, which `registry.policy` reads where ``TATARA_POLICIES`` names the folder."""
    import yaml

    from registry.policy import FOLDER

    folder.mkdir(parents=True, exist_ok=True)
    values = yaml.safe_load((FOLDER / "classification.yaml").read_text())
    (folder / "default.yaml").write_text(json.dumps({**values, **changes}))
    os.environ["TATARA_POLICIES"] = str(folder)
    return folder / "default.yaml"
