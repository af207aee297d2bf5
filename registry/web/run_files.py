"""A run's files as a page shows them: read through MLflow's client, by a list of what may be shown, never executed."""

import json
import re
from pathlib import Path
from typing import Any

from registry.records import Judgement
from registry.store import local_artifacts
from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.files import sha256_bytes

PICTURES = re.compile(
    r"check/data_changes\.png|check/(gallery|changes)/[A-Za-z0-9_.-]{1,120}\.png"
    r"|(evaluate|train)/plots/[A-Za-z0-9_.-]{1,120}\.png"
)
"""Paths among a run's artifacts."""
LARGEST = 20_000_000
"""Bytes of a picture, and of a JSON file."""
_PNG = b"\x89PNG\r\n\x1a\n"


def picture(run_id: str, path: str, judgement: Judgement | None) -> bytes:
    """A PNG file among the run's artifacts, whose bytes are those that were judged where it belongs to the evidence.

    Raises:
        UsageError: no such picture, or nothing that may be shown.
        RefusedError: it is not what was judged.
    """
    if not PICTURES.fullmatch(path) or ".." in path:
        raise UsageError(f"no picture at {path[:200]!r}")
    content = _bytes(run_id, path)
    if content is None or not content.startswith(_PNG):
        raise UsageError(f"no picture at {path!r}")
    if path.startswith("check/"):
        known = judgement.digests.get(path) if judgement else None
        if known != sha256_bytes(content):
            raise RefusedError(f"{path} is not the picture that was judged")
    return content


def pictures(run_id: str, folder: str) -> list[str]:
    """Paths of the PNG files in a folder of the run's artifacts, by name."""
    try:
        found = local_artifacts(run_id, folder)
    except TataraError:
        return []
    paths = [f"{folder}/{path.name}" for path in sorted(found.iterdir())] if found.is_dir() else []
    return [path for path in paths if PICTURES.fullmatch(path)]


def table(run_id: str, path: str, judgement: Judgement | None = None) -> Any:
    """What a JSON file among the run's artifacts says; None where there is none that can be read.

    Raises:
        RefusedError: it is not what was judged, where ``judgement`` is given.
    """
    content = _bytes(run_id, path)
    if content is None:
        return None
    if judgement is not None and judgement.digests.get(path) != sha256_bytes(content):
        raise RefusedError(f"{path} is not the file that was judged")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _bytes(run_id: str, path: str) -> bytes | None:
    """Whole; nothing that a link leads to, nor more than `LARGEST`."""
    try:
        found: Path = local_artifacts(run_id, path)
        if not found.is_file() or found.is_symlink() or found.stat().st_size > LARGEST:
            return None
        return found.read_bytes()
    except (TataraError, OSError):
        return None
