"""Golden cases: files of the test split with TensorFlow's answers; a service must reproduce them to become ready."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.conversion.reference import Reference
from pipelines.examples import Example, diverse
from tatara.core.files import write_bytes, write_json

CASES = 8
TOLERANCE = 1e-4
"""On every output value: another machine's processor rounds otherwise than the one that converted."""


def write_golden(reference: Reference, examples: Sequence[Example], folder: Path) -> None:
    """Write ``cases.json`` and ``files/`` into ``folder``.

    ``cases.json`` holds ``tolerance`` and lists by case ``file`` (relative to ``folder``), ``digest`` (SHA-256),
    ``path`` (in the dataset), ``label`` (the truth) and ``outputs`` (name -> TensorFlow's values, computed from the
    file's bytes).
    """
    cases = []
    for position, example in enumerate(diverse(list(examples), CASES)):
        content = example.read()
        outputs = reference.infer_files([content])
        file = f"files/{position}{Path(example.path).suffix.lower()}"
        write_bytes(folder / file, content)
        values = {name: value[0].tolist() for name, value in outputs.items()}
        cases.append(
            {"file": file, "digest": example.digest, "path": example.path, "label": example.label, "outputs": values}
        )
    write_json(folder / "cases.json", {"tolerance": TOLERANCE, "cases": cases})
