"""Findings on the stores: MLflow's, DVC's remote, BentoML's. Each is written to and read in a process of its own."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

from tatara.doctor.finding import Finding, ask

_PASSWORD = re.compile(r"(://[^:/@]*:)[^@/]+@")


def _absent(module: str, name: str) -> Iterator[Finding]:
    if importlib.util.find_spec(module) is None:
        yield Finding(name, "ok", "not part of this environment (it serves and does not train)")


def mlflow_store(uri: str) -> Iterator[Finding]:
    """Does what is written to MLflow come back?"""
    if absent := list(_absent("mlflow", "mlflow")):
        yield from absent
        return
    facts = ask("tracking")
    shown = _PASSWORD.sub(r"\1***@", uri)
    if "error" in facts:
        error = _PASSWORD.sub(r"\1***@", facts["error"]).removesuffix("; run `tatara doctor`")
        yield Finding("mlflow", "fail", f"{shown}: {error}", _mlflow_fix(uri))
    elif not facts["same"]:
        yield Finding("mlflow", "fail", f"{shown}: what was written did not come back", _mlflow_fix(uri))
    else:
        yield Finding("mlflow", "ok", f"{shown}: an experiment written, read and removed")


def _mlflow_fix(uri: str) -> str:
    """A database of one's own is set aside; from a server one falls back to a database of one's own."""
    path = uri.removeprefix("sqlite:///")
    return f"mv {path} {path}.broken" if path != uri else "unset MLFLOW_TRACKING_URI"


def dvc_remote(project: Path) -> Iterator[Finding]:
    """Does the default remote answer?"""
    if absent := list(_absent("dvc", "dvc")):
        yield from absent
        return
    facts = ask("data_remote")
    if "error" in facts:
        yield Finding("dvc", "fail", facts["error"], "git checkout -- .dvc")
    elif facts["exists"]:
        yield Finding("dvc", "ok", f"remote {facts['remote']} at {facts['url']}")
    elif facts["local"]:
        detail = f"remote {facts['remote']}: nothing at {facts['url']}"
        inside = facts["url"].removeprefix("file://").startswith(str(project))
        fix = "git checkout -- .dvc" if inside else f"dvc remote modify {facts['remote']} url PATH"
        yield Finding("dvc", "fail", detail, fix)
    else:
        yield Finding("dvc", "ok", f"remote {facts['remote']} at {facts['url']} answers and is empty")


def bento_store(home: str) -> Iterator[Finding]:
    """Does what is written to BentoML's store come back?"""
    facts = ask("bento_store")
    if "error" in facts or not facts["same"]:
        detail = facts.get("error", "what was written did not come back")
        yield Finding("bento", "fail", f"{home}: {detail}", "unset BENTOML_HOME TATARA_HOME")
    else:
        yield Finding("bento", "ok", f"{home}: an entry written, read and removed")
