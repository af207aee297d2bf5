"""``python -m pipelines.exporting WORKSPACE FOLDER``: the format that ``FOLDER`` is named after, and its row.

Each in a process of its own, so that no runtime's memory or threads are another's.
"""

import sys
from pathlib import Path

from pipelines.conversion.process import answer_parent
from tatara.core.files import whole_directory, write_text


def export(workspace_path: Path, target: Path) -> None:
    """Write ``target`` and beside it ``<format>.json``, the row; where the format cannot carry it, the latter alone."""
    from pipelines.examples import split_examples
    from pipelines.exporting import formats
    from pipelines.exporting.carrier import NotCarriedError
    from pipelines.exporting.measuring import measure
    from pipelines.exporting.row import Row
    from pipelines.workspace import Workspace
    from tatara.core.runtime import Runtime

    source = formats.Source(Workspace(workspace_path))
    name, seed = target.name, source.workspace.parameters("train").seed
    try:
        with whole_directory(target) as folder:
            formats.write(name, source, folder)
            with formats.load(name, folder) as exported:
                test = split_examples(source.workspace, "test")
                row = measure(name, folder, exported, Runtime(source.converted), test, seed)
        row.folder = target
    except NotCarriedError as error:
        row = Row(format=name, missing=error.operators, reason=str(error))
    write_text(target.with_suffix(".json"), row.model_dump_json(indent=1))


if __name__ == "__main__":
    sys.exit(answer_parent(export, sys.argv[1:]))
