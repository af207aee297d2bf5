"""Convert: the trained model as two ONNX graphs, with the contract, the proof of parity and the golden cases."""

from pipelines.conversion.process import spawn
from pipelines.enough import refuse_undecidable
from pipelines.parameters import Parameters
from pipelines.workspace import Workspace


def run(workspace: Workspace, parameters: Parameters) -> None:
    """Convert what the train stage left, in a fresh process: only there are ONNX's bytes reproducible.

    Raises:
        RefusedError: the graphs do not answer as TensorFlow does, or the test split cannot show that int8 holds;
            nothing is kept.
        TataraError: the conversion failed; nothing is kept.
    """
    for stage in ("validate", "train"):
        workspace.folder(stage)
    refuse_undecidable(workspace, parameters)
    with workspace.writing("convert", parameters) as folder:
        spawn("pipelines.conversion", str(workspace.path), str(folder))
