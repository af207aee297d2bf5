"""Model folders small enough to make in a test, one of each kind: they see the strongest colours of an image."""

import io
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from PIL import Image

from pipelines.packaging.bento import Release, build_bento
from tatara.core.contract import Bound, Contract, Finished, ImagePreparation, Tiling
from tatara.core.files import sha256_bytes, write_bytes, write_json, write_text
from tatara.core.lineage import Chain
from tatara.core.manifest import seal
from tatara.core.modalities.image import DECODER, decode
from tests.services.graphs import KINDS, SIDE, TYPES

LABELS = ("red", "green", "blue")
BOUNDS = (
    Bound(rule="width_within", column="width", minimum=2, maximum=4000),
    Bound(rule="modes_known", column="mode", allowed=("RGB", "L", "P", "CMYK", "RGBA", "I;16")),
)


def contract(
    bounds: tuple[Bound, ...] = (),
    labels: tuple[str, ...] = LABELS,
    kind: str = "classification",
    tiling: Tiling | None = None,
) -> Contract:
    graphs = KINDS[kind](len(labels))
    return Contract(
        modality="image",
        kind=kind,  # type: ignore[arg-type]
        decoder=DECODER,
        labels=() if kind == "image" else labels,
        preparation=ImagePreparation(size=SIDE, scaling="unit"),
        outputs=graphs.outputs,
        finished=graphs.finished,
        tiling=tiling,
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


def _value(name: str, shape: tuple[int | str, ...]) -> onnx.ValueInfoProto:
    kind = TYPES.get(name.removeprefix("model_"), TensorProto.FLOAT)
    if name in ("model_masks", "model_image") or shape[1:] in ((3, SIDE, SIDE), (SIDE, SIDE, 3)):
        kind = TensorProto.FLOAT  # before they are finished
    return helper.make_tensor_value_info(name, kind, list(shape))


def _graphs(folder: Path, meaning: Contract) -> None:
    graphs = KINDS[meaning.kind](len(meaning.labels))
    batch = helper.make_tensor_value_info("batch", TensorProto.FLOAT, ["n", SIDE, SIDE, 3])
    outputs = [_value(name, ("n", *shape)) for name, shape in graphs.outputs.items()]
    _save(folder / "model.onnx", graphs.model, [batch], outputs, graphs.constants, meaning.digest)
    if graphs.finished:
        rows = [_value(f"model_{name}", shape) for name, shape in graphs.outputs.items()]
        size = helper.make_tensor_value_info("size", TensorProto.INT32, [2])
        finished = [_value(name, shape) for name, shape in graphs.finished.items()]
        path = folder / "finish.onnx"
        _save(path, graphs.finish, [*rows, size], finished, graphs.finish_constants, meaning.digest)


def expected(folder: Path, content: bytes, meaning: Contract) -> Finished:
    """The finished answer by ONNX's reference evaluator, which is not the runtime under test."""
    pixels = decode(content)
    found = _run(folder / "prepare.onnx", {"image": pixels})
    found = _run(folder / "model.onnx", {"batch": found["prepared"][None]})
    row = {name: values[0] for name, values in found.items()}
    if not meaning.finished:
        return row
    size = np.array(pixels.shape[:2], np.int32)
    return _run(folder / "finish.onnx", {"size": size, **{f"model_{name}": value for name, value in row.items()}})


def _run(path: Path, given: dict[str, Any]) -> Finished:
    evaluator = ReferenceEvaluator(str(path))
    return dict(zip(evaluator.output_names, map(np.asarray, evaluator.run(None, given)), strict=True))


def write_converted(
    folder: Path,
    bounds: tuple[Bound, ...] = (),
    labels: tuple[str, ...] = LABELS,
    kind: str = "classification",
    tiling: Tiling | None = None,
) -> Path:
    """What the convert stage leaves."""
    folder.mkdir(parents=True, exist_ok=True)
    meaning = contract(bounds, labels, kind, tiling)
    write_text(folder / "contract.json", meaning.canonical())
    _prepare(folder / "prepare.onnx", meaning.digest)
    _graphs(folder, meaning)
    tolerances = import_module(f"tatara.core.kinds.{kind}").GOLDEN_TOLERANCES
    cases = []
    for colour, label in zip(((200, 20, 20), (20, 200, 20), (20, 20, 200)), labels, strict=False):
        content = plain(*colour, side=SIDE if kind == "image" else 16)
        digest = sha256_bytes(content)
        file, answer = f"files/{digest}.png", f"answers/{digest}.npz"
        write_bytes(folder / "golden" / file, content)
        stream = io.BytesIO()
        np.savez_compressed(stream, **expected(folder, content, meaning))
        write_bytes(folder / "golden" / answer, stream.getvalue())
        cases.append({"file": file, "answer": answer, "label": label})
    write_json(folder / "golden" / "cases.json", {"tolerances": tolerances, "cases": cases})
    write_json(folder / "parity.json", {"max_abs": 0.0, "top1_equal": True, "examples": len(cases)})
    return folder


def write_chain(path: Path) -> Path:
    """A chain of three links that ends in an approval."""
    grown = Chain().then("data", {"revision": "0" * 64}, {})
    grown = grown.then("version", {"name": "colours", "version": "1"}, {})
    write_text(path, grown.then("approval", {"by": "policy:demo"}, {}).model_dump_json(indent=1))
    return path


def write_model_folder(
    folder: Path, bounds: tuple[Bound, ...] = (), kind: str = "classification", tiling: Tiling | None = None
) -> Path:
    """What the package stage puts into the Bento's model."""
    write_converted(folder, bounds, kind=kind, tiling=tiling)
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
