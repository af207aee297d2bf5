"""What static int8 leaves in float32."""

from onnx import TensorProto, helper

from pipelines.conversion.int8 import before_logarithms


def test_what_a_logarithm_is_made_of_stays_in_float32_and_what_follows_it_does_not() -> None:
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w"], ["a"], name="transform"),
        node("Mul", ["a", "a"], ["power"], name="square"),
        node("Log", ["power"], ["levels"], name="log"),
        node("Conv", ["levels", "v"], ["b"], name="after"),
        node("MatMul", ["x", "u"], ["c"], name="beside"),
        node("Add", ["b", "c"], ["y"], name="sum"),
    ]
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, None)] for name in "xy"]
    graph = helper.make_graph(nodes, "model", *ends)
    assert sorted(before_logarithms(graph)) == ["square", "transform"]
    assert before_logarithms(helper.make_graph(nodes[3:], "model", *ends)) == []
