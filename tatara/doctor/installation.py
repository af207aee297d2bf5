"""Findings on what is installed and how it is set: Python, the lock, environment variables, stray state."""

import importlib.metadata
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from tatara.core.home import library_environment
from tatara.doctor.finding import Finding

_PYTHONS = ((3, 11), (3, 12))
_PIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[^]]*\])?==[^\\\n#]+", re.MULTILINE)
_STRAY = ("mlruns", "mlartifacts", "mlflow.db")
_SILENCE = ("MLFLOW_DISABLE_TELEMETRY", "BENTOML_DO_NOT_TRACK", "ORT_DISABLE_TELEMETRY", "DO_NOT_TRACK",
            "DVC_NO_ANALYTICS", "GX_ANALYTICS_ENABLED")  # fmt: skip


def python_version(version: tuple[int, ...] = sys.version_info[:3]) -> Iterator[Finding]:
    """Is this a Python that the locks are made for?"""
    shown = ".".join(map(str, version))
    if version[:2] in _PYTHONS:
        yield Finding("python", "ok", f"{shown}, {sys.prefix}")
    else:
        yield Finding("python", "fail", f"{shown}; 3.11 or 3.12 is needed", "make setup PYTHON=python3.11")


def lock_drift(project: Path) -> Iterator[Finding]:
    """Are the installed versions those of the lock file of the extra in use?"""
    installed = {_normal(each.metadata["Name"]): each.version for each in importlib.metadata.distributions()}
    extra = _extra(installed)
    lock = project / "requirements" / f"{extra}.txt"
    fix = "rm -f .tatara/venv/lock.stamp && make setup" if extra == "dev" else f"pip install --require-hashes -r {lock}"
    if not lock.is_file():
        yield Finding("lock", "fail", f"{lock} is missing", f"git checkout -- requirements/{extra}.txt")
        return
    pinned = _pins(lock.read_text(encoding="utf-8"))
    drift = [
        f"{name} {installed.get(_normal(name), 'missing')} (lock: {version})"
        for name, version in pinned.items()
        if installed.get(_normal(name)) != version
    ]
    if drift:
        more = f" and {len(drift) - 3} more" if len(drift) > 3 else ""
        yield Finding("lock", "fail", f"differs from requirements/{extra}.txt: {', '.join(drift[:3])}{more}", fix)
    else:
        yield Finding("lock", "ok", f"{len(pinned)} packages as in requirements/{extra}.txt")


def _pins(lock: str) -> dict[str, str]:
    """Name -> version of every package that the lock wants for this Python and machine."""
    requirements = [Requirement(match[0]) for match in _PIN.finditer(lock)]
    return {
        each.name: next(iter(each.specifier)).version
        for each in requirements
        if each.marker is None or each.marker.evaluate()
    }


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _extra(installed: dict[str, str]) -> str:
    """The extra that an environment was made from, told by a package that only it has."""
    if "tensorflow-cpu" in installed or "tensorflow" in installed:
        if "nvidia-cudnn-cu12" in installed:
            return "gpu-train"
        return "dev" if "ruff" in installed else "train"
    return "gpu-serve" if "onnxruntime-gpu" in installed else "serve"


def environment(state: Path) -> Iterator[Finding]:
    """Do the libraries keep silent, and their files under the state root?"""
    wanted = library_environment(state)
    loud = [name for name in _SILENCE if os.environ.get(name, wanted[name]).lower() != wanted[name].lower()]
    outside = [name for name, value in wanted.items() if str(state) in value and _elsewhere(name, state)]
    if loud:
        yield Finding("environment", "fail", f"telemetry may be sent: {', '.join(loud)}", f"unset {' '.join(loud)}")
    elif outside:
        said = ", ".join(f"{name}={os.environ[name]}" for name in outside)
        yield Finding("environment", "warn", f"not under {state}: {said}", f"unset {' '.join(outside)}")
    else:
        yield Finding("environment", "ok", f"no telemetry; files under {state}")


def _elsewhere(name: str, state: Path) -> bool:
    """Whether a variable names a local place outside ``state``. A store that is a URL is the user's choice."""
    value = os.environ.get(name)
    if value is None or (name == "MLFLOW_TRACKING_URI" and not value.startswith(("sqlite:", "file:", "/"))):
        return False
    return str(state) not in value


def stray_state(project: Path, state: Path) -> Iterator[Finding]:
    """Has a library been run without the settings, and left its files in the project's root?"""
    stray = [name for name in _STRAY if (project / name).exists() and (project / name) not in (state, *state.parents)]
    if stray:
        command = f"mkdir -p {state}/stray && mv {' '.join(stray)} {state}/stray/"
        yield Finding(
            "stray state", "warn", f"{', '.join(stray)} in {project}: a tool ran without the settings", command
        )
    else:
        yield Finding("stray state", "ok", f"none in {project}")
