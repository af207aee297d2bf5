"""``python -m pipelines.conversion.facts ASKED ANSWERS``: model cards of untrained models, by exporting them for real.

``ASKED`` is a JSON list of {"parameters": {...}, "classes": n}; ``ANSWERS`` becomes the list of their cards.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from pipelines.conversion.process import answer_parent
from tatara.core.files import read_json, write_json
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


def write_facts(asked_path: Path, answers_path: Path) -> None:
    """Answer what is asked."""
    asked = read_json(asked_path)
    cards = [facts(one["parameters"], one["classes"]) for one in progress(asked, len(asked), "models: export")]
    write_json(answers_path, cards)


if __name__ == "__main__":
    sys.exit(answer_parent(write_facts, sys.argv[1:]))
