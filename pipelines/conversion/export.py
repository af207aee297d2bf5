"""The ONNX graphs of a model: ``prepare`` for one example of any size, ``model`` for a batch of prepared ones, and
where its outputs are not answers in the image's own pixels yet, ``finish`` for one example's outputs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.conversion.canonical import canonical, walk
from pipelines.conversion.reference import Reference
from tatara.core.contract import Contract
from tatara.core.errors import TataraError
from tatara.core.files import write_bytes
from tatara.core.modalities import modality_module
from tatara.core.runtime import CONTRACT_KEY, MODEL

if TYPE_CHECKING:
    import onnx

OPSET = 18
"""The newest that tf2onnx writes correctly; 21 does not convert."""

STANDARD = ("", "ai.onnx")

Shape = tuple[int | str, ...]


def export(reference: Reference, contract: Contract, folder: Path) -> None:
    """Write ``contract.json``, ``prepare.onnx``, ``model.onnx`` and perhaps ``finish.onnx``, each whole, in one file.

    The bytes are the same from every fresh process.

    Raises:
        TataraError: a graph is not valid ONNX of the standard operators.
    """
    shape, modality = contract.preparation.shape, modality_module(contract.modality)
    (folder / "contract.json").write_text(contract.canonical(), encoding="utf-8")
    prepare = _convert(reference.prepare_function, reference.prepare_function.input_signature)
    _rename(prepare, {prepare.graph.output[0].name: "prepared"})
    _write(prepare, {modality.INPUT: modality.SHAPE, "prepared": shape}, contract, folder / "prepare.onnx")
    model = _convert(reference.model_function, reference.signature)
    _embed(model, reference)
    shapes: dict[str, Shape] = {name: ("batch", *shape) for name, shape in contract.outputs.items()}
    _write(model, {"prepared": ("batch", *shape), **shapes}, contract, folder / "model.onnx")
    if reference.finish_function is not None:
        finish = _convert(reference.finish_function, reference.finish_function.input_signature)
        given = {f"{MODEL}{name}": shape for name, shape in contract.outputs.items()}
        _write(finish, {**given, "size": (2,), **contract.finished}, contract, folder / "finish.onnx")


def _convert(function: object, signature: object) -> "onnx.ModelProto":
    import tf2onnx

    model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    found: onnx.ModelProto = model
    canonical(found.graph)
    return found


def _embed(model: "onnx.ModelProto", reference: Reference) -> None:
    """Turn the inputs that stand for weights into initializers of the variables' names; drop those without use."""
    from onnx import numpy_helper

    used = {name for node in walk(model.graph) for name in node.input}
    names = {f"weight_{i}": variable.path for i, variable in enumerate(reference.variables)}
    kept = [value for value in model.graph.input if value.name not in names]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    _rename(model, names)
    for name, variable in zip(names, reference.variables, strict=True):
        if name in used:
            model.graph.initializer.append(numpy_helper.from_array(variable.numpy(), variable.path))


def _rename(model: "onnx.ModelProto", names: Mapping[str, str]) -> None:
    for node in walk(model.graph):
        for values in (node.input, node.output):
            values[:] = [names.get(value, value) for value in values]
    for value in (*model.graph.input, *model.graph.output):
        value.name = names.get(value.name, value.name)


def _write(model: "onnx.ModelProto", shapes: Mapping[str, Shape], contract: Contract, path: Path) -> None:
    for value in (*model.graph.input, *model.graph.output):
        if value.name not in shapes:
            raise TataraError(f"{path.name}: the graph has {value.name!r}, which the contract does not name")
        del value.type.tensor_type.shape.dim[:]
        for size in shapes[value.name]:
            value.type.tensor_type.shape.dim.add(**{"dim_param" if isinstance(size, str) else "dim_value": size})
    model.graph.name = path.stem
    stamp(model, contract, path)


def stamp(model: "onnx.ModelProto", contract: Contract, path: Path) -> None:
    """Stamp the contract's digest into ``model``, write it to ``path`` and check it there.

    Raises:
        TataraError: not valid ONNX, or an operator outside the standard domain.
    """
    import onnx

    used = {(node.domain, node.op_type) for node in walk(model.graph)}
    if foreign := sorted(f"{domain}.{name}" for domain, name in used if domain not in STANDARD):
        raise TataraError(f"{path.name}: operators that ONNX does not define: {', '.join(foreign)}; replace the layer")
    standard = [opset for opset in model.opset_import if opset.domain in STANDARD]
    del model.opset_import[:]
    model.opset_import.extend(standard)
    onnx.helper.set_model_props(model, {CONTRACT_KEY: contract.digest})
    write_bytes(path, model.SerializeToString(deterministic=True))
    try:
        onnx.checker.check_model(path, full_check=True)
    except Exception as error:  # onnx raises its own, unrelated types from the checker and from shape inference
        raise TataraError(f"{path.name}: not valid ONNX ({str(error).strip().splitlines()[0]})") from None
