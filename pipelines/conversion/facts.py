"""``python -m pipelines.conversion.facts ASKED ANSWERS``: model cards of untrained models, by exporting them for real.

``ASKED`` is a JSON list of {"parameters": {...}, "classes": n}; ``ANSWERS`` becomes the list of their cards.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from pipelines.conversion.process import ERROR
from tatara.core.errors import TataraError
from tatara.core.files import read_json, write_json
from tatara.core.home import apply_library_environment
from tatara.core.progress import progress


def facts(parameters: dict[str, Any], classes: int) -> dict[str, int]:
    """``parameters``, ``flops`` and ``bytes`` of a model with these parameters."""
    import keras

    from pipelines.conversion.card import write_card
    from pipelines.conversion.contract import agreed
    from pipelines.conversion.export import export
    from pipelines.conversion.reference import Reference, blank_model
    from pipelines.parameters import resolve, task_module

    keras.utils.clear_session()  # names count from the start again, as in a process of its own
    resolved = resolve(parameters.pop("kind"), parameters)
    contract = agreed(resolved, [str(number) for number in range(classes)])
    model = blank_model(resolved, classes)
    with tempfile.TemporaryDirectory() as folder:
        export(Reference(task_module(contract.kind), model, contract, resolved), contract, Path(folder))
        return write_card(Path(folder), model.count_params())


def main(arguments: list[str]) -> int:
    """Answer what is asked and return the exit code."""
    apply_library_environment()
    try:
        asked = read_json(Path(arguments[0]))
        cards = [facts(one["parameters"], one["classes"]) for one in progress(asked, len(asked), "models: export")]
        write_json(Path(arguments[1]), cards)
    except TataraError as error:
        sys.stderr.write(f"{ERROR}{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
