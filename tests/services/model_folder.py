"""A model folder small enough to make in a test: it names the strongest colour of an image, left half weighted."""

import io
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from PIL import Image

from pipelines.packaging.bento import Release, build_bento
from tatara.core.contract import Bound, Contract, ImagePreparation
from tatara.core.files import sha256_bytes, write_bytes, write_json, write_text
from tatara.core.lineage import Chain
from tatara.core.manifest import seal
from tatara.core.modalities.image import DECODER, decode

LABELS = ("red", "green", "blue")
SIDE = 8
BOUNDS = (
    Bound(rule="width_within", column="width", minimum=2, maximum=4000),
    Bound(rule="modes_known", column="mode", allowed=("RGB", "L", "P", "CMYK", "RGBA", "I;16")),
)


def contract(bounds: tuple[Bound, ...] = (), labels: tuple[str, ...] = LABELS) -> Contract:
    return Contract(
        modality="image",
        kind="classification",
        decoder=DECODER,
        labels=labels,
        preparation=ImagePreparation(size=SIDE, scaling="unit"),
        outputs={"probabilities": (len(labels),)},
        bounds=bounds,
    )


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def plain(red: int, green: int, blue: int, side: int = 16) -> bytes:
    return png(np.full((side, side, 3), (red, green, blue)))


def _save(path: Path, nodes: list, inputs: list, outputs: list, constants: dict[str, np.ndarray], digest: str) -> None:
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"tatara.contract": digest})
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _prepare(path: Path, digest: str) -> None:
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["channels"], perm=[2, 0, 1]),
        helper.make_node("Unsqueeze", ["channels", "first"], ["one"]),
        helper.make_node("Resize", ["one", "", "", "sizes"], ["resized"], mode="linear"),
        helper.make_node("Squeeze", ["resized", "first"], ["back"]),
        helper.make_node("Transpose", ["back"], ["last"], perm=[1, 2, 0]),
        helper.make_node("Div", ["last", "scale"], ["prepared"]),
    ]
    constants = {
        "first": np.array([0], np.int64),
        "sizes": np.array([1, 3, SIDE, SIDE], np.int64),
        "scale": np.array(255, np.float32),
    }
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", 3])
    prepared = helper.make_tensor_value_info("prepared", TensorProto.FLOAT, [SIDE, SIDE, 3])
    _save(path, nodes, [image], [prepared], constants, digest)


def _model(path: Path, digest: str, classes: int) -> None:
    weights = np.zeros((SIDE, SIDE, 3, classes), np.float32)
    for channel in range(3):
        weights[:, : SIDE // 2, channel, channel] = 0.12
        weights[:, SIDE // 2 :, channel, channel] = 0.08
    nodes = [
        helper.make_node("Reshape", ["batch", "shape"], ["rows"]),
        helper.make_node("MatMul", ["rows", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    constants = {"shape": np.array([-1, SIDE * SIDE * 3], np.int64), "weights": weights.reshape(-1, classes)}
    batch = helper.make_tensor_value_info("batch", TensorProto.FLOAT, ["n", SIDE, SIDE, 3])
    probabilities = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", classes])
    _save(path, nodes, [batch], [probabilities], constants, digest)


def expected(folder: Path, content: bytes) -> np.ndarray:
    """Probabilities by ONNX's reference evaluator, which is not the runtime under test."""
    (prepared,) = ReferenceEvaluator(str(folder / "prepare.onnx")).run(None, {"image": decode(content)})
    (rows,) = ReferenceEvaluator(str(folder / "model.onnx")).run(None, {"batch": prepared[None]})
    return np.asarray(rows[0])


def write_converted(folder: Path, bounds: tuple[Bound, ...] = (), labels: tuple[str, ...] = LABELS) -> Path:
    """What the convert stage leaves."""
    folder.mkdir(parents=True, exist_ok=True)
    meaning = contract(bounds, labels)
    write_text(folder / "contract.json", meaning.canonical())
    _prepare(folder / "prepare.onnx", meaning.digest)
    _model(folder / "model.onnx", meaning.digest, len(labels))
    cases = []
    for colour, label in zip(((200, 20, 20), (20, 200, 20), (20, 20, 200)), labels, strict=False):
        content = plain(*colour)
        file = f"files/{sha256_bytes(content)}.png"
        write_bytes(folder / "golden" / file, content)
        outputs = {"probabilities": expected(folder, content).tolist()}
        cases.append({"file": file, "label": label, "outputs": outputs})
    write_json(folder / "golden" / "cases.json", {"tolerance": 1e-4, "cases": cases})
    write_json(folder / "parity.json", {"max_abs": 0.0, "top1_equal": True, "examples": len(cases)})
    return folder


def write_chain(path: Path) -> Path:
    """A chain of three links that ends in an approval."""
    grown = Chain().then("data", {"revision": "0" * 64}, {})
    grown = grown.then("version", {"name": "colours", "version": "1"}, {})
    write_text(path, grown.then("approval", {"by": "policy:demo"}, {}).model_dump_json(indent=1))
    return path


def write_model_folder(folder: Path, bounds: tuple[Bound, ...] = ()) -> Path:
    """What the package stage puts into the Bento's model."""
    write_converted(folder, bounds)
    write_chain(folder / "lineage.json")
    write_json(folder / "release.json", {"name": "colours", "version": "1"})
    seal(folder)
    return folder


def build(folder: Path, bounds: tuple[Bound, ...] = (), converted: Path | None = None) -> Path:
    """A Bento store with ``colours:1``."""
    release = Release(name="colours", version="1", tag="colours:1")
    converted = converted or write_converted(folder / "convert", bounds)
    build_bento(release, converted, write_chain(folder / "lineage.json"), folder / "home")
    return folder / "home"
