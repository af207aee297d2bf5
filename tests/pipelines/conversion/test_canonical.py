"""Graphs of one structure come out as the same bytes."""

from onnx import ModelProto, TensorProto, checker, helper

from pipelines.conversion.canonical import canonical


def _graph(names: dict[str, str], nodes: tuple[int, ...], spare: bool = False) -> ModelProto:
    """relu(x + one) * (x + one), its nodes in the order ``nodes``, its inner names replaced."""
    n = {name: names.get(name, name) for name in ("a", "b", "one", "uno")}
    made = [
        helper.make_node("Add", ["x", n["one"]], [n["a"]], names.get("first", "first")),
        helper.make_node("Relu", [n["a"]], [n["b"]], "second"),
        helper.make_node("Add", ["x", n["uno"]], ["extra"], "third"),
        helper.make_node("Mul", [n["b"], "extra"], ["y"], "fourth"),
    ]
    constants = [helper.make_tensor(n[name], TensorProto.FLOAT, [], [1.0]) for name in ("one", "uno")]
    if spare:
        constants.insert(0, helper.make_tensor("unused", TensorProto.FLOAT, [], [3.0]))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch"]) for name in "xy"]
    graph = helper.make_graph([made[i] for i in nodes], "g", ends[:1], ends[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def test_names_order_and_repeated_constants_do_not_matter() -> None:
    one = _graph({}, (0, 1, 2, 3))
    other = _graph({"a": "z", "one": "k1", "uno": "k0", "first": "Add__17"}, (2, 0, 1, 3), spare=True)
    for model in (one, other):
        canonical(model.graph)
        checker.check_model(model, full_check=True)
    assert one.graph.SerializeToString(deterministic=True) == other.graph.SerializeToString(deterministic=True)
    assert [tensor.name for tensor in one.graph.initializer] == ["constant_0"]
    assert (one.graph.input[0].name, one.graph.output[0].name) == ("x", "y")


def test_what_no_output_needs_goes() -> None:
    model = _graph({}, (0, 1, 2, 3))
    model.graph.node.append(helper.make_node("Neg", ["x"], ["nobody"], "fifth"))
    canonical(model.graph)
    assert [node.op_type for node in model.graph.node] == ["Add", "Relu", "Add", "Mul"]
