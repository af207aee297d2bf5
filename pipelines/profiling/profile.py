"""A profile: what was measured, as shares and sentences."""

import resource
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from pipelines.profiling.graph import BACKWARD, StepGraph
from pipelines.profiling.steps import Measured

if TYPE_CHECKING:
    import keras

TOP = 10
WAITING = 0.2
"""Share of a step spent waiting for its batch from which the input pipeline is called slow."""
OVERSIZED = 0.4
"""Share of the operations' time from which one layer is called oversized, where it is among the first third."""
SLOW_NORMALIZATION = 0.15


class Operation(BaseModel):
    """One of the most expensive operations: node, kind, milliseconds by step, share of all operations."""

    name: str
    kind: str
    milliseconds: float
    share: float


class LayerCost(BaseModel):
    """A layer with a kernel: what it gives out, its arithmetic by step and its share of the operations' time."""

    name: str
    shape: tuple[int, ...]
    gflops: float
    share: float


class Profile(BaseModel):
    """Where a training step's time goes. Shares are of the whole step and add up to 1.

    Attributes:
        model, kind, data, batch, steps: what was measured.
        step_ms: mean milliseconds from batch to batch.
        shares: ``input`` (waiting for the batch), ``forward``, ``backward``, ``update``, ``host`` (no operation ran).
        input_ms, bare_input_ms: what the input pipeline takes for a batch by itself, with and without augmentation.
        operations: the most expensive.
        layers: with kernels, in the order in which they are computed.
        weights, optimizer, kept, resident: bytes of both, bytes kept for the backward pass, the process's peak.
        normalization: fused, not fused or none; and its share of the operations' time.
        gflops: by step, forward and backward.
        gflops_per_second: of a large product of matrices on this device.
        floor_ms: what the arithmetic alone would take at that rate.
        findings: sentences, the worst first; empty where nothing stands out.
        folder: with the picture, ``trace.json.gz`` for Perfetto, and the log for TensorBoard.
    """

    model: str
    kind: str
    data: str
    batch: int
    steps: int
    step_ms: float
    shares: dict[str, float]
    input_ms: float
    bare_input_ms: float
    operations: list[Operation]
    layers: list[LayerCost]
    weights: int
    optimizer: int
    kept: int
    resident: int
    normalization: str
    normalization_share: float
    gflops: float
    gflops_per_second: float
    floor_ms: float
    findings: list[str]
    folder: Path


def summarize(measured: Measured, model: "keras.Model", names: tuple[str, str, str], folder: Path) -> Profile:
    """The profile of what was measured; ``names`` are model, kind and data."""
    step = measured.wait + measured.compute
    traced, graph = measured.operations, measured.graph
    every = sum(traced.seconds.values())
    flops = sum(graph.flops.values())
    profile = Profile(
        model=names[0], kind=names[1], data=names[2], batch=measured.batch, steps=measured.steps, folder=folder,
        step_ms=1000 * step, shares=_shares(measured), findings=[],
        input_ms=1000 * measured.alone, bare_input_ms=1000 * measured.bare,
        operations=[
            Operation(
                name=name.split(":")[0], kind=name.split(":")[1], share=seconds / every,
                milliseconds=1000 * seconds / measured.steps,
            )
            for name, seconds in traced.seconds.most_common(TOP)
        ],
        layers=_layers(measured, every),
        weights=_bytes(model.variables), optimizer=_bytes(model.optimizer.variables), kept=graph.kept,
        resident=1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        normalization=graph.normalization, normalization_share=traced.normalizing / every,
        gflops=flops / 1e9, gflops_per_second=measured.rate / 1e9, floor_ms=1000 * flops / measured.rate,
    )  # fmt: skip
    profile.findings = [text for text in (_slow_input(profile), _oversized(profile), _unfused(profile)) if text]
    return profile


def _shares(measured: Measured) -> dict[str, float]:
    step = measured.wait + measured.compute
    busy = min(measured.operations.busy / measured.steps, measured.compute)
    phases = measured.operations.phase(measured.graph)
    every = sum(phases.values())
    parts = {name: busy * seconds / every / step for name, seconds in phases.items()}
    return {"input": measured.wait / step, **parts, "host": (measured.compute - busy) / step}


def _layers(measured: Measured, every: float) -> list[LayerCost]:
    graph, traced = measured.graph, measured.operations
    return [
        LayerCost(
            name=layer.name, shape=layer.shape, share=traced.within(layer.scope) / every,
            gflops=_flops_within(measured.graph, layer.scope) / 1e9,
        )
        for layer in graph.layers
    ]  # fmt: skip


def _flops_within(graph: StepGraph, scope: str) -> int:
    return sum(count for name, count in graph.flops.items() if name.removeprefix(BACKWARD).startswith(scope))


def _bytes(variables: "list[keras.Variable]") -> int:
    return sum(variable.value.dtype.size * int(variable.value.shape.num_elements()) for variable in variables)


def _slow_input(profile: Profile) -> str | None:
    if profile.shares["input"] < WAITING:
        return None
    augmented = profile.input_ms > 2 * profile.bare_input_ms
    what = (
        f"augmentation takes {profile.input_ms - profile.bare_input_ms:.1f} of them; take away its slowest step"
        if augmented
        else "without augmentation too; choose a smaller size, or a faster disk"
    )
    return (
        f"the input pipeline is slow: a step waits {profile.shares['input']:.0%} of its time for a batch, which takes "
        f"{profile.input_ms:.1f} ms by itself; {what}"
    )


def _oversized(profile: Profile) -> str | None:
    shallow = profile.layers[: -(-len(profile.layers) // 3)]
    worst = max(shallow, key=lambda layer: layer.share, default=None)
    if worst is None or len(profile.layers) < 3 or worst.share < OVERSIZED:
        return None
    place, side = profile.layers.index(worst) + 1, " x ".join(map(str, worst.shape))
    return (
        f"{worst.name} is oversized: layer {place} of {len(profile.layers)}, where images are still large ({side}), "
        f"takes {worst.share:.0%} of the operations' time; give it fewer filters or a smaller kernel, or a stride"
    )


def _unfused(profile: Profile) -> str | None:
    if profile.normalization != "not fused" or profile.normalization_share < SLOW_NORMALIZATION:
        return None
    return (
        f"batch normalization is not fused: {profile.normalization_share:.0%} of the operations' time in separate "
        "means, squares and products; try xla=true deterministic=false, which joins them"
    )
