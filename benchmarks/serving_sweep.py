"""How a registered model is served on this machine: more and more connections, until more of them bring no more.

    tatara bench serving NAME [int8=true] [seconds=3] [save=sweep.png] [--json]

At each number of connections the service is asked for ``seconds``, again until the 99th percentile of two turns lies
within a tenth. The floor is the same files in this process, one after the other, with ONNX Runtime's default
threads. The files are the model's golden cases.
"""

import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil

from benchmarks.serving import load, percentile, rounded
from benchmarks.serving_sides import InProcess, Server
from tatara.core.files import read_json
from tatara.core.home import apply_library_environment
from tatara.core.runtime import INT8, Runtime

STEADY = 0.1
"""Part by which the 99th percentiles of two turns may differ."""
TURNS = 5
"""At most, at one number of connections."""
GROWTH = 1.03
"""Twice the connections must bring this much more, or the sweep ends two steps later."""
MOST_CONNECTIONS = 64
_HISTOGRAMS = {"batch": "tatara_batch_size", "queue": 'tatara_stage_seconds{stage="queue"}'}


@dataclass(frozen=True)
class Step:
    """What was found at one number of connections; milliseconds, of the last turn but for ``steady``.

    Attributes:
        connections: at the same time.
        requests_per_second: answered; of cores that the load generator shared.
        p50_ms, p90_ms, p95_ms, p99_ms: of a request.
        batch: examples in a call of the model, on average.
        queue_ms: that an example waited for a thread or a batch, on average.
        cpu_ms: of a request, in the server's processes.
        steady: whether the 99th percentile settled.
    """

    connections: int
    requests_per_second: float
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    batch: float
    queue_ms: float
    cpu_ms: float
    steady: bool


def sweep(server: Server, seconds: float, said: Callable[[str], None] = lambda line: None) -> list[Step]:
    """Each step, from one connection on."""
    steps: list[Step] = []
    load(server, seconds)
    while not steps or (steps[-1].connections < MOST_CONNECTIONS and not _settled(steps)):
        steps.append(at(server, seconds, 2 * steps[-1].connections if steps else 1))
        last = steps[-1]
        said(f"{last.connections} connections: {last.requests_per_second:.0f}/s, p99 {last.p99_ms:.1f} ms")
    return steps


def at(server: Server, seconds: float, connections: int) -> Step:
    """One number of connections, until its 99th percentile is steady."""
    tails: list[float] = []
    while len(tails) < 2 or (not _close(*tails[-2:]) and len(tails) < TURNS):
        before = counted(server)
        found = load(server, seconds, connections)
        after = counted(server)
        tails.append(percentile(found["latencies"], 0.99))
    counts = {name: after[name][0] - before[name][0] for name in _HISTOGRAMS}
    sums = {name: after[name][1] - before[name][1] for name in _HISTOGRAMS}
    shares = [1e3 * percentile(found["latencies"], share) for share in (0.5, 0.9, 0.95, 0.99)]
    return Step(
        connections, found["answered"] / found["seconds"], *shares, sums["batch"] / max(1, counts["batch"]),
        1e3 * sums["queue"] / max(1, counts["queue"]), 1e3 * found["server_cpu"] / found["answered"],
        _close(*tails[-2:]),
    )  # fmt: skip


def counted(server: Server) -> dict[str, tuple[float, float]]:
    """Count and sum of the histograms that are looked at, from the service's metrics."""
    with urlopen(f"{server.url.rpartition('/')[0]}/metrics") as answer:
        lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if not line.startswith("#"))
    found = {}
    for name, histogram in _HISTOGRAMS.items():
        family, brace, labels = histogram.partition("{")
        count, total = (lines.get(f"{family}_{what}{brace}{labels}", "0") for what in ("count", "sum"))
        found[name] = float(count), float(total)
    return found


def floor(folder: Path, files: Sequence[Path], seconds: float, graph: str = "model.onnx") -> dict[str, float]:
    """Requests a second and the median in milliseconds, in this process."""
    runtime = Runtime(folder, model_file=graph)
    options = runtime.kind.Options()

    def answer(content: bytes) -> None:
        pixels = runtime.admit(content)
        (finished,) = runtime.answer([pixels])
        runtime.kind.answer(runtime.contract, finished, options, pixels.shape[:2])

    side = InProcess(answer, [path.read_bytes() for path in files], 1)
    side.run(seconds / 2)
    side.latencies.clear()
    answered, _ = side.run(seconds)
    return {"requests_per_second": answered / seconds, "p50_ms": 1e3 * statistics.median(side.latencies)}


def draw(path: Path, title: str, steps: Sequence[Step], below: Mapping[str, float]) -> None:
    """Throughput with the floor, and latencies, by the number of connections."""
    from pipelines.drawing import BLUE, INK, PALE, RED, picture

    numbers = [step.connections for step in steps]
    with picture(path, 9, 3.8, [title]) as figure:
        left, right = figure.subplots(1, 2)
        left.plot(numbers, [step.requests_per_second for step in steps], "o-", color=BLUE, label="served")
        left.axhline(below["requests_per_second"], color=RED, linestyle="--", label="in process, one after the other")
        top = 1.15 * max(below["requests_per_second"], *(step.requests_per_second for step in steps))
        left.set(title=title, xlabel="connections", ylabel="requests a second", ylim=(0, top))
        shades = {"p50_ms": BLUE, "p90_ms": INK, "p95_ms": "#9aa0a6", "p99_ms": RED}
        for name, colour in shades.items():
            right.plot(numbers, [getattr(step, name) for step in steps], "o-", color=colour, label=name[:3])
        right.fill_between(numbers, [step.queue_ms for step in steps], color=PALE, label="mean wait for a thread")
        right.axhline(below["p50_ms"], color=RED, linestyle="--", label="median in process")
        right.set(title="latency", xlabel="connections", ylabel="milliseconds", yscale="log")
        right.yaxis.set_major_formatter("{x:g}")
        for axis in (left, right):
            axis.set_xscale("log", base=2)
            axis.set_xticks(numbers, [str(number) for number in numbers])
            axis.grid(axis="y")
            axis.legend(fontsize=8, loc="lower right" if axis is left else "upper left")


def golden_files(folder: Path) -> list[Path]:
    """The files of the model's golden cases."""
    golden = folder / "golden"
    return [golden / case["file"] for case in read_json(golden / "cases.json")["cases"]]


def run(given: Mapping[str, str]) -> dict[str, Any]:
    """The sweep over a packaged model.

    Args:
        given: ``tag`` of the Bento and ``home`` of its store; ``int8``, ``seconds``, ``save``.
    """
    from services.launch import launch

    tag, home, seconds = given["tag"], Path(given["home"]), float(given.get("seconds", 3))
    int8 = given.get("int8", "false") == "true"
    folder = home / "models" / Path(*tag.split(":"))
    files = golden_files(folder)
    log = home.parent / "logs" / f"bench-{tag.replace(':', '-')}.log"
    with launch(tag, home, log, environment={"TATARA_INT8": "1"} if int8 else {}) as service:
        process = psutil.Process(service.process.pid)
        server = Server(process, f"{service.url}/predict", "application/octet-stream", files)
        steps = sweep(server, seconds, lambda line: print(line, file=sys.stderr, flush=True))
    below = floor(folder, files, seconds, INT8 if int8 else "model.onnx")
    path = Path(given.get("save", home.parent / "bench" / f"serving-{tag.replace(':', '-')}.png")).absolute()
    draw(path, f"{tag.replace(':', '/')}{', int8' if int8 else ''}", steps, below)
    best = max(step.requests_per_second for step in steps)
    return {
        "model": tag, "int8": int8, "floor": below, "steps": [asdict(step) for step in steps],
        "throughput_by_floor": best / below["requests_per_second"],
        "one_connection_by_floor": steps[0].p50_ms / below["p50_ms"], "picture": str(path),
    }  # fmt: skip


def _settled(steps: Sequence[Step]) -> bool:
    """Whether the last two steps brought no more than the one before them."""
    rates = [step.requests_per_second for step in steps]
    return len(rates) > 2 and max(rates[-2:]) < GROWTH * max(rates[:-2])


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= STEADY * max(one, other)


if __name__ == "__main__":
    apply_library_environment()
    json.dump(rounded(run(dict(word.split("=", 1) for word in sys.argv[1:]))), sys.stdout)
    sys.stdout.write("\n")
