"""Golden cases: files of the test split with TensorFlow's answers; a service must reproduce them to become ready."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.conversion.reference import Reference
from pipelines.examples import Example, diverse
from tatara.core.files import write_bytes, write_json

CASES = 8


def write_golden(reference: Reference, examples: Sequence[Example], folder: Path, proven: Mapping[str, float]) -> None:
    """Write ``cases.json``, ``files/`` and ``answers/`` into ``folder``.

    ``cases.json`` holds ``tolerances`` (by what is compared: another machine's processor rounds otherwise than the
    one that converted) and lists by case ``file`` and ``answer`` (relative to ``folder``), ``digest`` (SHA-256),
    ``path`` (in the dataset) and ``label`` (the truth, where the kind has one). An answer is NumPy's archive of the
    finished outputs by name, computed by TensorFlow from the file's bytes, window by window where images are cut.

    ``proven`` are the tolerances of the proof on native files: what is rounding there may be so elsewhere.

    Args:
        reference: the TensorFlow functions.
        examples: of the test split.
        folder: to fill.
    """
    cases = []
    for position, example in enumerate(diverse(list(examples), CASES)):
        file, answer = f"files/{position}{Path(example.path).suffix.lower()}", f"answers/{position}.npz"
        write_bytes(folder / file, example.read())
        buffer = io.BytesIO()
        answers: dict[str, Any] = reference.answer(example.decoded(reference.contract.preparation))
        np.savez_compressed(buffer, **answers)
        write_bytes(folder / answer, buffer.getvalue())
        cases.append(
            {"file": file, "answer": answer, "digest": example.digest, "path": example.path, "label": example.label}
        )
    tolerances = {what: max(value, proven[what]) for what, value in reference.kind.GOLDEN_TOLERANCES.items()}
    write_json(folder / "cases.json", {"tolerances": tolerances, "cases": cases})
