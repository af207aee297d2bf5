"""Work that needs a process of its own: its progress is passed on, its error comes back as ours."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.home import apply_library_environment, project_root

ERROR = "tatara: "
"""How the line of standard error begins that carries the error."""
_ERRORS: dict[int, type[TataraError]] = {2: UsageError, 3: RefusedError}
_PROGRESS = ("parity: ", "int8: ", "models: ", "export: ", "tfjs: ")


def answer_parent(work: Callable[[Path, Path], None], arguments: list[str]) -> int:
    """In the child: do ``work`` on two paths, and give the exit code after saying an error so that `spawn` hears it."""
    apply_library_environment()
    try:
        work(Path(arguments[0]), Path(arguments[1]))
    except TataraError as error:
        sys.stderr.write(f"{ERROR}{error}\n")
        return error.exit_code
    return 0


def spawn(module: str, *arguments: str) -> None:
    """Run ``python -m module`` from the project's root, with string hashes that are the same each time.

    Lines of progress are passed on; the rest of what it says is TensorFlow's talk, and kept for an error alone.

    Raises:
        TataraError: of the kind that the exit code names, with the line that begins with `ERROR`, or the last one.
    """
    options: dict[str, Any] = {"stderr": subprocess.PIPE, "text": True, "errors": "replace"}
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", module, *arguments]
    error = last = ""
    with subprocess.Popen(command, cwd=project_root(), env=environment, **options) as child:
        try:
            for line in child.stderr or ():
                last = line.strip() or last
                error = line.removeprefix(ERROR).strip() if line.startswith(ERROR) else error
                if line.startswith(_PROGRESS):
                    sys.stderr.write(line)
        except BaseException:
            child.kill()
            raise
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        raise TataraError(f"{module} was ended by {name}; if memory ran out, free some and run the step again")
    if child.returncode:
        raise _ERRORS.get(child.returncode, TataraError)(error or f"{module}: {last}")
