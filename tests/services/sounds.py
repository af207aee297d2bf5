"""Sound files, and a small model by hand that tells low sounds from high ones."""

import io
from pathlib import Path

import numpy as np
import onnx
import soundfile
from onnx import TensorProto, helper, numpy_helper

from tatara.core.contract import AudioPreparation, Bound, Contract
from tatara.core.files import sha256_bytes, write_bytes, write_json, write_text
from tatara.core.kinds.classification import GOLDEN_TOLERANCES
from tatara.core.manifest import seal
from tatara.core.modalities.audio import DECODER
from tests.services.model_folder import write_chain

RATE, LENGTH = 8000, 2000
BOUNDS = (
    Bound(rule="duration", column="seconds", minimum=0.05, maximum=5.0),
    Bound(rule="peak", column="peak", minimum=0.001),
    Bound(rule="channels", column="channels", maximum=4),
)
CONTRACT = Contract(
    modality="audio", kind="classification", decoder=DECODER, labels=("low", "high"), outputs={"probabilities": (2,)},
    preparation=AudioPreparation(rate=RATE, length=LENGTH), bounds=BOUNDS,
)  # fmt: skip


def sine(hertz: float, seconds: float = 0.3, rate: int = RATE, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def sound_file(samples: np.ndarray, rate: int = RATE, form: str = "WAV", subtype: str | None = None) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, subtype, format=form)
    return stream.getvalue()


def write_audio_folder(folder: Path) -> Path:
    """What the package stage puts into the Bento's model; it is sure of a class by the power of differences."""
    folder.mkdir(parents=True)
    write_text(folder / "contract.json", CONTRACT.canonical())
    node, ints = helper.make_node, lambda *values: np.array(values, np.int64)
    _save(
        folder / "prepare.onnx", ("audio", ["samples", 1]), ("prepared", [LENGTH, 1]),
        [node("Pad", ["audio", "pads"], ["long"]), node("Slice", ["long", "zero", "length"], ["prepared"])],
        {"pads": ints(0, 0, LENGTH, 0), "zero": ints(0), "length": ints(LENGTH)},
    )  # fmt: skip
    _save(
        folder / "model.onnx", ("prepared", ["n", LENGTH, 1]), ("probabilities", ["n", 2]),
        [
            node("Slice", ["prepared", "one", "end", "axis"], ["later"]),
            node("Slice", ["prepared", "zero", "last", "axis"], ["sooner"]),
            node("Sub", ["later", "sooner"], ["step"]),
            node("ReduceSumSquare", ["step", "all"], ["steps"], keepdims=0),
            node("ReduceSumSquare", ["prepared", "all"], ["bare"], keepdims=0),
            node("Add", ["bare", "tiny"], ["power"]),
            node("Div", ["steps", "power"], ["share"]),
            node("Unsqueeze", ["share", "one"], ["column"]),
            node("MatMul", ["column", "signs"], ["scaled"]),
            node("Add", ["scaled", "shift"], ["logits"]),
            node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        {
            "one": ints(1), "zero": ints(0), "end": ints(LENGTH), "last": ints(LENGTH - 1), "axis": ints(1),
            "all": ints(1, 2), "tiny": np.array(1e-6, np.float32),
            "signs": np.array([[-3, 3]], np.float32), "shift": np.array([[3, -3]], np.float32),
        },
    )  # fmt: skip
    content = sound_file(sine(500))
    digest = sha256_bytes(content)
    write_bytes(folder / "golden" / "files" / f"{digest}.wav", content)
    step = np.square(np.diff(sine(500)[:LENGTH], append=0.0)).sum() / np.square(sine(500)).sum()
    share = 1 / (1 + np.exp(6 * (step - 1)))
    stream = io.BytesIO()
    np.savez(stream, probabilities=np.array([share, 1 - share], np.float32))
    write_bytes(folder / "golden" / "answers" / f"{digest}.npz", stream.getvalue())
    case = {"file": f"files/{digest}.wav", "answer": f"answers/{digest}.npz", "label": "low"}
    tolerances = {**GOLDEN_TOLERANCES, "probability": 1e-3}
    write_json(folder / "golden" / "cases.json", {"tolerances": tolerances, "cases": [case]})
    write_json(folder / "release.json", {"name": "pitch", "version": "1"})
    write_chain(folder / "lineage.json")
    seal(folder)
    return folder


def _save(path: Path, given: tuple, found: tuple, nodes: list, constants: dict[str, np.ndarray]) -> None:
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)] for name, shape in (given, found)]
    values = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, path.stem, *ends, values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"tatara.contract": CONTRACT.digest})
    onnx.checker.check_model(model)
    onnx.save(model, path)
