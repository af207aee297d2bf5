"""``python -m pipelines.conversion WORKSPACE FOLDER``: export, proof and golden cases in a process of their own.

Only a fresh process gives the same ONNX bytes again.
"""

import sys
from pathlib import Path

from pipelines.conversion.process import answer_parent
from tatara.core.files import read_json, write_json


def convert(workspace_path: Path, folder: Path) -> None:
    """Fill ``folder`` with what the convert stage leaves."""
    from pipelines.conversion import card, contract, export, golden, int8, parity, reference
    from pipelines.examples import split_examples
    from pipelines.parameters import task_module
    from pipelines.workspace import Workspace
    from tatara.core.runtime import Runtime

    workspace = Workspace(workspace_path)
    agreed = contract.of_run(workspace)
    model = reference.trained_model(workspace, len(agreed.labels))
    functions = reference.Reference(task_module(agreed.kind), model, agreed, workspace.parameters("train"))
    export.export(functions, agreed, folder)
    facts = card.write_card(folder, model.count_params())
    examples = split_examples(workspace, "test")
    proof = parity.Proof(functions, Runtime(folder), examples, facts["flops"]).run()
    write_json(folder / "parity.json", proof)
    golden.write_golden(functions, examples, folder / "golden", proof["tolerances"])
    if read_json(folder / "parameters.json")["int8"]:
        int8.write_int8(folder, split_examples(workspace, "train"))


if __name__ == "__main__":
    sys.exit(answer_parent(convert, sys.argv[1:]))
