"""Whether a version may be loaded beside the one that serves."""

import os
from pathlib import Path

import psutil

from tatara.core.contract import Contract, read_contract
from tatara.core.errors import RefusedError
from tatara.core.memory import memory_budget

HELD = 3
"""Times the bytes of its graphs that loading a model takes: the file, its weights, and those laid out anew."""
SPARE = 64 * 2**20
"""Bytes that stay free for requests."""
MEMORY = "TATARA_MEMORY_MB"
"""Environment variable: what the process may hold; what the control group or the machine allows by default."""


def admit(folder: Path, serving: Contract) -> None:
    """Refuse what answers otherwise than what serves, or does not fit.

    Raises:
        RefusedError: another modality or kind, or too little memory.
    """
    found = read_contract(folder / "contract.json")
    if (found.modality, found.kind) != (serving.modality, serving.kind):
        raise RefusedError(
            f"its contract is {found.modality} {found.kind}, and clients ask for {serving.modality} {serving.kind}; "
            "deploy it under another name"
        )
    needed, free = HELD * sum(path.stat().st_size for path in folder.glob("*.onnx")) + SPARE, free_memory()
    if needed > free:
        raise RefusedError(
            f"too little memory: it takes some {needed // 2**20} MiB to load it beside what serves, "
            f"{free // 2**20} MiB are free; give the service more, or deploy it alone"
        )


def free_memory() -> int:
    """Bytes that this process may still take."""
    given = os.environ.get(MEMORY, "")
    budget = int(given) * 2**20 if given.isdecimal() else memory_budget()
    held, left = int(psutil.Process().memory_info().rss), int(psutil.virtual_memory().available)
    return max(0, min(budget - held, left))
