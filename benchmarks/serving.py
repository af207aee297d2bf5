"""The service beside other ways to serve the same model, and beside no server at all.

    tatara bench serving [int8=true] [rounds=5] [seconds=4] [servers=ours,fastapi,...] [--json]

MobileNetV2 at 224 with fresh weights, JPEG photographs of 481 x 321 in, the best classes as JSON out, 16 connections.
``ceiling`` is every core on decoding, preparing, inferring and answering without HTTP; ``floor`` is the same one after
the other with ONNX Runtime's default threads. The sides alternate, and the median of the rounds counts. What the load
generator uses of the cores is left out: it runs as a process of its own, and the time of the cores that it took is
given back to the rate. Costs about five minutes on two cores.

Printed: ``requests_per_second`` by side; ``cpu_ms``, CPU milliseconds of a request in the side's processes; ``ratios``,
ours by another side's rate, and ``cpu_ratios``, another side's CPU time by ours, which other work on the machine hardly
touches; ``p50_ms`` and ``p99_ms`` at 16 connections; ``one_connection``, the median there and how many times that of
the floor; ``half_load``, half of our rate at even distances, its median and p99; ``ready_seconds``; ``skipped``.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.serving_sides import IN_PROCESS, SERVERS, Built, InProcess, Server, missing
from tatara.core.cores import cores
from tatara.core.errors import TataraError
from tatara.core.files import read_json, write_json
from tatara.core.home import apply_library_environment

CONNECTIONS = 16
WARM_SECONDS = 1.5
"""Before anything is counted: batchers learn, buffers are made."""


def build(folder: Path) -> None:
    """The model, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.serving_model", str(folder)]
    subprocess.run(command, check=True, stdout=sys.stderr)


def load(server: Server, seconds: float, connections: int = CONNECTIONS, rate: float = 0.0) -> dict[str, Any]:
    """What the load generator found; ``server_cpu`` is in seconds, ``rate`` in requests a second of unshared cores."""
    spec = {
        "url": server.url, "content_type": server.content_type, "bodies": [str(path) for path in server.bodies],
        "connections": connections, "seconds": seconds, "rate": rate,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "spec.json"), Path(folder, "found.json")
        write_json(asked, spec)
        before = server.cpu()
        command = [sys.executable, "-m", "benchmarks.load", str(asked), str(answered)]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise TataraError(f"{server.url}: {done.stderr.strip().splitlines()[-1]}")
        used, found = server.cpu() - before, read_json(answered)
    left = 1 - found["cpu"] / (found["seconds"] * cores())
    return {**found, "server_cpu": used, "rate": found["answered"] / found["seconds"] / left}


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Comparison:
    """Rounds in which every side has its turn."""

    def __init__(self, inside: Mapping[str, InProcess], servers: Mapping[str, Server], seconds: float) -> None:
        self._inside, self._servers, self._seconds = inside, servers, seconds
        self.rates: dict[str, list[float]] = defaultdict(list)
        self.cpu: dict[str, list[float]] = defaultdict(list)
        self.latencies: dict[str, list[float]] = defaultdict(list)
        self.one: list[tuple[float, float]] = []

    def warm(self) -> None:
        """A turn of each that does not count."""
        for side in self._inside.values():
            side.run(WARM_SECONDS)
            side.latencies.clear()
        for server in self._servers.values():
            load(server, WARM_SECONDS)

    def round(self) -> None:
        """A turn of each."""
        for name, side in self._inside.items():
            answered, used = side.run(self._seconds)
            self._note(name, answered / self._seconds, used / answered)
        for name, server in self._servers.items():
            found = load(server, self._seconds)
            self._note(name, found["rate"], found["server_cpu"] / found["answered"])
            self.latencies[name] += found["latencies"]
        self._inside["floor"].latencies.clear()
        self._inside["floor"].run(self._seconds / 2)
        alone = statistics.median(self._inside["floor"].latencies)
        single = load(self._servers["ours"], self._seconds / 2, connections=1)["latencies"]
        self.one.append((statistics.median(single), alone))

    def half(self) -> dict[str, float]:
        """Ours at half of its rate."""
        rate = statistics.median(self.rates["ours"]) / 2
        found = load(self._servers["ours"], 2 * self._seconds, rate=rate)["latencies"]
        p50, p99 = 1e3 * statistics.median(found), 1e3 * percentile(found, 0.99)
        return {"requests_per_second": rate, "p50_ms": p50, "p99_ms": p99, "p99_by_p50": p99 / p50}

    def figures(self) -> dict[str, Any]:
        """Medians, and ratios round by round."""
        others = [name for name in self.rates if name != "ours"]
        return {
            "requests_per_second": {name: statistics.median(rates) for name, rates in self.rates.items()},
            "cpu_ms": {name: 1e3 * statistics.median(used) for name, used in self.cpu.items()},
            "ratios": {name: _ratio(self.rates["ours"], self.rates[name]) for name in others},
            "cpu_ratios": {name: _ratio(self.cpu[name], self.cpu["ours"]) for name in others},
            "p50_ms": {name: 1e3 * percentile(took, 0.5) for name, took in self.latencies.items()},
            "p99_ms": {name: 1e3 * percentile(took, 0.99) for name, took in self.latencies.items()},
            "one_connection": {
                "p50_ms": 1e3 * statistics.median(ours for ours, _ in self.one),
                "floor_ms": 1e3 * statistics.median(floor for _, floor in self.one),
                "by_floor": statistics.median(ours / floor for ours, floor in self.one),
            },
        }

    def _note(self, name: str, rate: float, used: float) -> None:
        self.rates[name].append(rate)
        self.cpu[name].append(used)


def _ratio(above: Sequence[float], below: Sequence[float]) -> float:
    return statistics.median(one / other for one, other in zip(above, below, strict=True))


def compare(built: Built, servers: Sequence[str], rounds: int, seconds: float) -> dict[str, Any]:
    """All figures of the named servers that can be started here."""
    skipped = {name: f"{package} is not installed; make setup" for name in servers if (package := missing(name))}
    running: dict[str, Server] = {}
    with ExitStack() as stack:
        began = time.monotonic()
        for name in servers:
            if name not in skipped:
                running[name] = stack.enter_context(SERVERS[name](built))
                _say(f"{name} is ready")
            if name == "ours":
                ready = time.monotonic() - began
        comparison = Comparison({name: side(built) for name, side in IN_PROCESS.items()}, running, seconds)
        comparison.warm()
        for i in range(rounds):
            comparison.round()
            _say(f"round {i + 1} of {rounds}: " + ", ".join(f"{k} {v[-1]:.0f}/s" for k, v in comparison.rates.items()))
        half = comparison.half()
    return {**comparison.figures(), "half_load": half, "ready_seconds": ready, "int8": built.int8, "skipped": skipped}


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def run(given: Mapping[str, str]) -> dict[str, Any]:
    """The comparison with the parameters that the verb was given."""
    servers = given.get("servers", ",".join(SERVERS)).split(",")
    with tempfile.TemporaryDirectory(prefix="serving-") as temporary:
        folder = Path(given.get("folder", temporary))
        if not (folder / "home").exists():
            build(folder)
        built = Built(folder, given.get("int8", "false") == "true")
        return compare(built, servers, int(given.get("rounds", 5)), float(given.get("seconds", 4)))


def rounded(value: Any) -> Any:
    """Figures as people read them."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return round(value, 3) if isinstance(value, float) else value


if __name__ == "__main__":
    apply_library_environment()
    json.dump(rounded(run(dict(word.split("=", 1) for word in sys.argv[1:]))), sys.stdout)
    sys.stdout.write("\n")
