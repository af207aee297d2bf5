"""What an answer costs: time in alternation with the champion, memory in a process of its own, bytes of the files."""

import os
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.evidence.memory import peak_memory
from pipelines.evidence.model import Model
from pipelines.examples import Example, diverse
from pipelines.latency import processor
from registry.evidence import Cost
from tatara.core.progress import progress
from tatara.core.runtime import Runtime
from tatara.core.statistics import Interval

ROUNDS, IMAGES = 9, 12
SECONDS, LEAST_ROUNDS = 30.0, 3
"""After which time no further round begins, unless fewer than that were made."""


def cost(challenger: Model, champion: Model | None, examples: Sequence[Example]) -> Cost:
    """Latency, memory and size of both on this machine.

    In each round both models answer the same images one after the other, the one first that was second in the round
    before, so that what else the machine does meets both; the ratio is that of the rounds' medians.
    """
    chosen = diverse(list(examples), IMAGES)
    models = [one for one in (challenger, champion) if one is not None]
    contents, files = [one.read() for one in chosen], [one.folder / one.path for one in chosen]
    times = rounds([one.runtime for one in models], contents)
    medians = np.median(times, axis=2)
    memory = [peak_memory(one.converted, files) for one in models]
    return Cost(
        hardware=hardware(challenger.runtime),
        latency_ms=round(float(np.median(times[:, 0])), 3),
        memory_mb=round(memory[0], 1),
        bytes=sum(path.stat().st_size for path in challenger.converted.glob("*.onnx")),
        champion_latency_ms=None if champion is None else round(float(np.median(times[:, 1])), 3),
        latency_ratio=None if champion is None else ratio(medians[:, 0], medians[:, 1]),
        champion_memory_mb=None if champion is None else round(memory[1], 1),
        champion_bytes=None
        if champion is None
        else sum(one.stat().st_size for one in champion.converted.glob("*.onnx")),
    )


def rounds(runtimes: Sequence[Runtime], contents: Sequence[bytes]) -> NDArray[np.float64]:
    """Milliseconds from file bytes to finished answer (rounds, models, images), after a warm-up."""
    for runtime in runtimes:
        for content in contents[:3]:
            runtime.answer_files([content])
    began, found = time.monotonic(), []
    for number in progress(range(ROUNDS), ROUNDS, "check: latency"):
        if number >= LEAST_ROUNDS and time.monotonic() - began > SECONDS:
            break
        taken = np.zeros((len(runtimes), len(contents)))
        for at, content in enumerate(contents):
            turn = range(len(runtimes)) if (number + at) % 2 == 0 else reversed(range(len(runtimes)))
            for model in turn:
                start = time.perf_counter()
                runtimes[model].answer_files([content])
                taken[model, at] = 1000 * (time.perf_counter() - start)
        found.append(taken)
    return np.stack(found)


def ratio(challenger: NDArray[np.float64], champion: NDArray[np.float64]) -> Interval:
    """Geometric mean of the ratio over rounds (rounds,), with Student's 95 % interval of its logarithm."""
    from scipy.stats import t

    logs = np.log(challenger / champion)
    half = float(t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs)))
    value = float(logs.mean())
    return Interval(value=float(np.exp(value)), low=float(np.exp(value - half)), high=float(np.exp(value + half)))


def hardware(runtime: Runtime) -> str:
    """The class of machine that figures hold for: device, cores, processor."""
    device = "cpu" if runtime.providers[0] == "CPUExecutionProvider" else "gpu"
    return f"{device}:{len(os.sched_getaffinity(0))}:{processor()}"
