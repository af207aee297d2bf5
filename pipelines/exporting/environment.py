"""The environment of TensorFlow.js, made when it is first needed: its converter wants the TensorFlow of years ago.

It lies below the state root, of the versions in ``requirements/tensorflowjs.txt`` and ``node/package-lock.json``.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tatara.core.errors import TataraError
from tatara.core.files import digest, whole_directory
from tatara.core.home import state_root
from tatara.core.progress import say

NODE = Path(__file__).parent / "node"
REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "tensorflowjs.txt"
PYTHON = "3.11"
"""The newest that the converter's TensorFlow has."""
_LOCKS = ("package.json", "package-lock.json")
_SECONDS = 1800


def environment() -> Path:
    """Its folder, with ``python/bin/tensorflowjs_converter`` and ``node_modules``.

    Raises:
        TataraError: Node is not installed, or a package index cannot be reached.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise TataraError(f"format=tfjs: {program} is not installed; install Node.js 18 or newer and export again")
    locks = [REQUIREMENTS.read_text(encoding="utf-8"), *((NODE / name).read_text(encoding="utf-8") for name in _LOCKS)]
    folder = state_root() / "environments" / f"tensorflowjs-{digest(locks)[:12]}"
    if not (folder / "ready").is_file():
        say("tfjs: making the environment of TensorFlow.js, once (2.6 GB)")
        with whole_directory(folder.with_suffix(".packages")) as packages:
            for name in _LOCKS:
                shutil.copy2(NODE / name, packages)
            _done(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], packages)
        _python(folder)
    return folder


def _python(folder: Path) -> None:
    """Python's half, in place: a virtual environment cannot be moved. ``ready`` says that it is whole."""
    packages = folder.with_suffix(".packages")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    uv = [sys.executable, "-m", "uv"]
    _done([*uv, "venv", "--quiet", "--python", PYTHON, "python"], folder)
    install = ["pip", "install", "--quiet", "--python", "python/bin/python", "--require-hashes", "-r"]
    _done([*uv, *install, str(REQUIREMENTS)], folder)
    os.replace(packages / "node_modules", folder / "node_modules")
    shutil.rmtree(packages)
    (folder / "ready").touch()


def _done(command: list[str], folder: Path) -> None:
    variables = {**os.environ, "UV_CACHE_DIR": str(state_root() / "cache" / "uv"), "UV_LINK_MODE": "copy"}
    variables |= {"npm_config_cache": str(state_root() / "cache" / "npm")}
    result = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if result.returncode:
        last = (result.stderr.strip().splitlines() or [f"exit code {result.returncode}"])[-1]
        raise TataraError(f"format=tfjs: {Path(command[0]).name} failed ({last}); is a package index within reach?")
