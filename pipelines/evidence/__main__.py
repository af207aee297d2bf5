"""``python -m pipelines.evidence WORKSPACE``: the check step alone, as DVC and MLflow run it."""

import sys

from pipelines.run import run_stage
from pipelines.workspace import find_workspace
from tatara.core.errors import TataraError
from tatara.core.home import apply_library_environment


def main(reference: str) -> int:
    """Check the version that was registered from a workspace, with the parameters of that step; the exit code."""
    apply_library_environment()
    try:
        workspace = find_workspace(reference)
        run_stage("check", workspace, workspace.parameters("register"))
    except TataraError as error:
        sys.stderr.write(f"tatara: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
