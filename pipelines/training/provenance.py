"""Which code, data and machine a run came from."""

import platform
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tatara.core.files import sha256_file

LOCK = "requirements/train.txt"
_NOT_CODE = (":!dvc.lock", ":!data.dvc")


def code_state(root: Path) -> dict[str, Any]:
    """``git_commit`` (None outside a repository), ``git_dirty`` and ``lock_sha256``.

    Dirty is a tracked file that differs, but for data, which has a revision of its own.
    """
    commit = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", *_NOT_CODE)
    lock = root / LOCK
    return {
        "git_commit": commit,
        "git_dirty": bool(changed),
        "lock_sha256": sha256_file(lock) if lock.is_file() else None,
    }


def data_digest(root: Path) -> str:
    """DVC's digest of ``data/``, from ``data.dvc``."""
    (out,) = yaml.safe_load((root / "data.dvc").read_text(encoding="utf-8"))["outs"]
    return str(out["md5"])


def device() -> str:
    """Name of what TensorFlow computes on."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        return ", ".join(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus)
    return f"CPU: {_processor()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.machine()


def _git(root: Path, *words: str) -> str | None:
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
