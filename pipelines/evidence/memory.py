"""How much memory answering takes: run as a module, a process of its own that loads one model and answers.

``python -m pipelines.evidence.memory MODEL_FOLDER FILE ...`` prints one JSON object with ``mb``.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tatara.core.errors import TataraError
from tatara.core.runtime import Runtime

FILES = 8


def peak_memory(folder: Path, files: Sequence[Path]) -> float:
    """Peak of the memory of a process that loads the model and answers ``files`` one at a time, in MB (10^6 bytes),
    less that of one that has only started.

    Raises:
        TataraError: the process failed; the message ends with its last line.
    """
    words = [sys.executable, "-m", __name__, str(folder), *map(str, files[:FILES])]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise TataraError(f"{folder}: memory cannot be measured ({last})")
    return float(json.loads(done.stdout.splitlines()[-1])["mb"])


def _peak() -> float:
    """Bytes. Not getrusage's on Linux, which begins with what the parent had at the moment of the start."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return 1024.0 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _measure(folder: Path, files: Sequence[Path]) -> float:
    started = _peak()
    runtime = Runtime(folder)
    for file in files:
        runtime.answer_files([file.read_bytes()])
    return (_peak() - started) / 1e6


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"mb": _measure(Path(sys.argv[1]), [Path(file) for file in sys.argv[2:]])}) + "\n")
