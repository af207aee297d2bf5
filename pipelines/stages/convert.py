"""Convert: the trained model as two ONNX graphs, with the contract, the proof of parity and the golden cases."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from pipelines.parameters import Parameters
from pipelines.workspace import Workspace
from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.home import project_root

_ERRORS: dict[int, type[TataraError]] = {1: TataraError, 2: UsageError, 3: RefusedError}


def run(workspace: Workspace, parameters: Parameters) -> None:
    """Convert what the train stage left, in a fresh process: only there are ONNX's bytes reproducible.

    Raises:
        RefusedError: the graphs do not answer as TensorFlow does; nothing is kept.
        TataraError: the conversion failed; nothing is kept.
    """
    for stage in ("validate", "train"):
        workspace.folder(stage)
    with workspace.writing("convert", parameters) as folder:
        spawn("pipelines.conversion", str(workspace.path), str(folder))


def spawn(module: str, *arguments: str) -> None:
    """Run ``python -m module`` from the project's root; its last line of standard error becomes the error's.

    Lines that begin as progress does (``label: ...``) are passed on; the rest is TensorFlow's talk. Python's string
    hashes are fixed, since tf2onnx numbers nodes in the order of sets.

    Raises:
        TataraError: of the kind that the exit code names.
    """
    command = [sys.executable, "-m", module, *arguments]
    options: dict[str, Any] = {"stderr": subprocess.PIPE, "text": True, "errors": "replace"}
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    said = ""
    with subprocess.Popen(command, cwd=project_root(), env=environment, **options) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                said = line.strip() or said
                if line.startswith(("parity: ", "int8: ")):
                    print(line.rstrip(), file=sys.stderr, flush=True)
        except BaseException:
            process.kill()
            raise
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        raise TataraError(f"{Path(arguments[0])}: conversion was ended by {name}; if memory ran out, free some and retry")
    if process.returncode:
        raise _ERRORS.get(process.returncode, TataraError)(said or f"{module} exited with {process.returncode}")
