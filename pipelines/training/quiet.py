"""TensorFlow's C++ log greets on standard error before any setting can reach it."""

import os
import sys


def import_tensorflow() -> None:
    """Import TensorFlow for the first time with standard error closed; an error of the import is raised as ever."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
