"""The model card's facts: parameters, operations, bytes."""

from pathlib import Path

from pipelines.conversion.flops import flops
from tatara.core.files import write_json


def write_card(folder: Path, parameters: int) -> dict[str, int]:
    """Write and return ``card.json``: weights as Keras counts them, operations for one example, bytes of the file."""
    import onnx

    path = folder / "model.onnx"
    facts = {"parameters": parameters, "flops": flops(onnx.load(path)), "bytes": path.stat().st_size}
    write_json(folder / "card.json", facts)
    return facts
