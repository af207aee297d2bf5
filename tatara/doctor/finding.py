"""What an examination gives: findings, and the way to ask a library in a process of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Literal

SECONDS = 50.0
"""That a library may take to answer, so that a whole examination stays under a minute."""

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One line of `tatara doctor`: what was looked at, how it is, and the one command that puts it right."""

    name: str
    status: Status
    detail: str
    fix: str | None = None


def ask(probe: str) -> dict[str, Any]:
    """The facts of ``tatara.doctor.probes.<probe>``, or ``{"error": one line}`` where it fails or hangs.

    A library that crashes or waits for ever takes only its own process with it.
    """
    command = [sys.executable, "-m", "tatara.doctor.probes", probe]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {SECONDS:g} s"}
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        return {"error": said[-1] if said else f"ended with status {done.returncode}"}
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts
