"""Floating-point operations of an ONNX graph for one example; one multiply-add counts as two."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

Shapes = dict[str, tuple[int, ...]]


def flops(model: "onnx.ModelProto") -> int:
    """Operations of the convolutions and matrix products at batch 1, as the literature counts them.

    Normalization, activations and pooling are left out: they are a few per cent, and papers leave them out. Graphs
    inside nodes are counted once.
    """
    from onnx import shape_inference

    from pipelines.conversion.canonical import walk

    shapes = _shapes(shape_inference.infer_shapes(_single(model), data_prop=True))
    return sum(2 * _multiplications(node, shapes) for node in walk(model.graph))


def _single(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """The graph without its large weights' values, every free dimension 1."""
    import onnx

    light = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    light.graph.name = model.graph.name
    light.graph.node.extend(model.graph.node)
    light.graph.input.extend(model.graph.input)
    light.graph.output.extend(model.graph.output)
    for value in (*light.graph.input, *light.graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.HasField("dim_param"):
                dimension.dim_value = 1
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) > 1024:
            light.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
        else:
            light.graph.initializer.append(tensor)
    return light


def _shapes(model: "onnx.ModelProto") -> Shapes:
    known: Shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    for value in (*model.graph.input, *model.graph.value_info, *model.graph.output):
        known[value.name] = tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
    return known


def _multiplications(node: "onnx.NodeProto", shapes: Shapes) -> int:
    if node.op_type == "Conv":  # weights: (outputs, inputs / groups, *kernel)
        return math.prod(shapes[node.output[0]]) * math.prod(shapes[node.input[1]][1:])
    if node.op_type == "ConvTranspose":  # weights: (inputs, outputs / groups, *kernel)
        return math.prod(shapes[node.input[0]]) * math.prod(shapes[node.input[1]][1:])
    if node.op_type == "MatMul":
        return math.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    if node.op_type == "Gemm":
        transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
        return math.prod(shapes[node.output[0]]) * shapes[node.input[0]][0 if transposed else 1]
    return 0
