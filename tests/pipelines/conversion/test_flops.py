"""Operations counted by hand."""

import math

import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

from pipelines.conversion.flops import flops


def _model(node: NodeProto, given: list[int | str], weights: list[int]) -> ModelProto:
    values = [0.5] * math.prod(weights)
    weight = helper.make_tensor("w", TensorProto.FLOAT, weights, values)
    ends = helper.make_tensor_value_info("x", TensorProto.FLOAT, given), helper.make_empty_tensor_value_info("y")
    graph = helper.make_graph([node], "g", [ends[0]], [ends[1]], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


@pytest.mark.parametrize(
    ("node", "given", "weights", "multiplications"),
    [
        # 3x3 from 4 to 8 channels over 10x10, padded
        (helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1]), ["batch", 4, 10, 10], [8, 4, 3, 3], 800 * 36),
        # depthwise, stride 2
        (helper.make_node("Conv", ["x", "w"], ["y"], group=4, strides=[2, 2]), [1, 4, 11, 11], [4, 1, 3, 3], 100 * 9),
        # every input value meets every weight of its channel
        (helper.make_node("ConvTranspose", ["x", "w"], ["y"]), ["batch", 4, 5, 5], [4, 2, 3, 3], 100 * 18),
        (helper.make_node("MatMul", ["x", "w"], ["y"]), ["batch", 64], [64, 10], 640),
        (helper.make_node("Gemm", ["x", "w"], ["y"], transB=1), ["batch", 64], [10, 64], 640),
    ],
)
def test_a_multiply_add_is_two(
    node: NodeProto, given: list[int | str], weights: list[int], multiplications: int
) -> None:
    assert flops(_model(node, given, weights)) == 2 * multiplications
