"""What the graph of a training step says of itself: arithmetic, layers, what it keeps, whether it normalizes fused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

BACKWARD = "gradient_tape/"
"""How the names of nodes begin that a gradient tape added."""
_GIVEN = ("Placeholder", "Const", "ReadVariableOp", "VarHandleOp")


@dataclass(frozen=True)
class Layer:
    """A layer with a kernel: its name, the scope of its nodes, and the side or length of what it gives out."""

    name: str
    scope: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class StepGraph:
    """The graph of one training step.

    Attributes:
        nodes: names of all its nodes.
        optimizer: scope of the optimizer's nodes.
        flops: node -> floating-point operations, where TensorFlow knows them; a multiply-add is two.
        layers: with kernels, in the order in which they are computed.
        kept: bytes that the forward pass keeps for the backward pass.
        normalization: ``fused``, ``not fused``, or ``none`` where there is no batch normalization.
    """

    nodes: frozenset[str]
    optimizer: str
    flops: dict[str, int]
    layers: tuple[Layer, ...]
    kept: int
    normalization: str


def read(step: Any, model: "keras.Model") -> StepGraph:
    """The facts of the concrete function ``step``, one training step of ``model``."""
    graph, needed = step.graph, _needed(step.graph)
    flops = {name: count for name, count in _flops(graph).items() if name in needed}
    return StepGraph(
        frozenset(_names(graph.as_graph_def())), f"{model.optimizer.name}/", flops, tuple(_layers(step, model)),
        _kept(needed), _normalized(graph),
    )  # fmt: skip


def _needed(graph: Any) -> dict[str, Any]:
    """The operations that are run, by name: those that an output or a side effect needs."""
    stack = [*(tensor.op for tensor in graph.outputs), *graph.control_outputs]
    found: dict[str, Any] = {}
    while stack:
        operation = stack.pop()
        if operation.name not in found:
            found[operation.name] = operation
            stack.extend([*(tensor.op for tensor in operation.inputs), *operation.control_inputs])
    return found


def _names(definition: Any) -> Iterator[str]:
    yield from (node.name for node in definition.node)
    yield from (node.name for function in definition.library.function for node in function.node_def)


def _flops(graph: Any) -> dict[str, int]:
    from tensorflow.compat.v1 import profiler

    counted = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation()).with_empty_output()
    stack, found = [profiler.profile(graph, cmd="scope", options=counted.build())], {}
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        if node.float_ops:
            found[node.name] = int(node.float_ops)
    return found


def _layers(step: Any, model: "keras.Model") -> Iterator[Layer]:
    """The kernels' readers name the scopes: Keras' layer and TensorFlow's scope need not be called alike."""
    inside = {id(given): placeholder.name.split(":")[0] for given, placeholder in step.graph.captures}
    kernels = {
        inside[id(variable.value.handle)]: variable.path.split("/")[-2]
        for variable in model.trainable_variables
        if variable.name.endswith("kernel") and id(variable.value.handle) in inside
    }
    seen: set[str] = set()
    for operation in step.graph.get_operations():
        if operation.type != "ReadVariableOp" or operation.name.startswith(BACKWARD):
            continue
        name = kernels.get(operation.inputs[0].op.name)
        users = [use for use in operation.outputs[0].consumers() if not use.name.startswith(BACKWARD)]
        if name is None or name in seen or not users:
            continue
        scope = _scope(operation.name, name)
        if scope is not None:
            seen.add(name)
            yield Layer(name, scope, tuple(users[0].outputs[0].shape.as_list()[1:]))


def _scope(node: str, layer: str) -> str | None:
    """``model_1/conv2d_1/convolution/ReadVariableOp`` of the layer ``conv2d`` -> ``model_1/conv2d_1/``."""
    parts = node.split("/")
    for place in range(len(parts) - 1, -1, -1):
        head, _, number = parts[place].rpartition("_")
        if parts[place] == layer or (number.isdecimal() and (head == layer or parts[place].startswith(f"{layer}_"))):
            return "/".join(parts[: place + 1]) + "/"
    return None


def _kept(operations: dict[str, Any]) -> int:
    kept = {
        tensor.name: tensor
        for operation in operations.values()
        if operation.name.startswith(BACKWARD)
        for tensor in operation.inputs
        if not tensor.op.name.startswith(BACKWARD) and tensor.op.type not in _GIVEN
    }
    return sum(
        int(tensor.shape.num_elements() or 0) * tensor.dtype.size
        for tensor in kept.values()
        if tensor.shape.is_fully_defined()
    )


def _normalized(graph: Any) -> str:
    operations = [one for one in graph.get_operations() if not one.name.startswith(BACKWARD)]
    if any(one.type.startswith("FusedBatchNorm") for one in operations):
        return "fused"
    return "not fused" if any("/batchnorm/" in one.name for one in operations) else "none"
