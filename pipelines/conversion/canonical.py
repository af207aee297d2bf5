"""One form for equal graphs: the order of nodes, names and the choice among equal constants vary in tf2onnx."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


def canonical(graph: "onnx.GraphProto") -> None:
    """Order and name everything in ``graph`` by its structure alone, in place; inputs and outputs keep their names.

    Nodes come in the order in which the outputs need them and are named after operator and position; equal constants
    become one; what no output needs goes. Graphs inside nodes keep their own order and names.
    """
    import onnx

    nodes = _in_order(graph)
    names = {value.name: value.name for value in (*graph.input, *graph.output)}
    constants = _constants(graph, nodes, names)
    for position, node in enumerate(nodes):
        node.name, node.doc_string = f"{node.op_type}_{position}", ""
        for place, output in enumerate(node.output):
            names.setdefault(output, f"{node.name}:{place}" if output else "")
    for node in nodes:
        for inner in (node, *inside(node)):
            inner.input[:] = [names.get(name, name) for name in inner.input]
        node.output[:] = [names[name] for name in node.output]
    ends = {"input": graph.input, "output": graph.output}
    graph.CopyFrom(onnx.GraphProto(name=graph.name, node=nodes, initializer=constants, **ends))


def inside(node: "onnx.NodeProto") -> Iterator["onnx.NodeProto"]:
    """Every node of the graphs inside ``node``, at any depth."""
    for attribute in node.attribute:
        graphs: Iterable[onnx.GraphProto] = (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else []))
        for graph in graphs:
            yield from walk(graph)


def walk(graph: "onnx.GraphProto") -> Iterator["onnx.NodeProto"]:
    """Every node of ``graph`` and of the graphs inside its nodes."""
    for node in graph.node:
        yield node
        yield from inside(node)


def _needs(node: "onnx.NodeProto") -> list[str]:
    return [name for one in (node, *inside(node)) for name in one.input]


def _in_order(graph: "onnx.GraphProto") -> list["onnx.NodeProto"]:
    """The nodes that the outputs need, each after those that it needs, by depth-first search."""
    makers = {output: node for node in graph.node for output in node.output if output}
    done: set[str] = set()
    ordered = []
    stack = [(output.name, False) for output in reversed(graph.output)]
    while stack:
        name, needs_are_met = stack.pop()
        node = makers.get(name)
        if node is None or node.output[0] in done:
            continue
        if needs_are_met:
            done.add(node.output[0])
            ordered.append(node)
        else:
            stack.append((name, True))
            stack.extend((need, False) for need in reversed(_needs(node)))
    return ordered


def _constants(
    graph: "onnx.GraphProto", nodes: list["onnx.NodeProto"], names: dict[str, str]
) -> list["onnx.TensorProto"]:
    """The different constants in the order of their first use, with their new names entered in ``names``."""
    given = {tensor.name: tensor for tensor in graph.initializer}
    kept: dict[bytes, onnx.TensorProto] = {}
    for name in (need for node in nodes for need in _needs(node)):
        if name in given and name not in names:
            tensor = given[name]
            tensor.name = ""
            first = kept.setdefault(tensor.SerializeToString(deterministic=True), tensor)
            if first is tensor:
                tensor.name = f"constant_{len(kept) - 1}"
            names[name] = first.name
    return list(kept.values())
