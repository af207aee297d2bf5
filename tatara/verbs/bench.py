"""``bench``: how fast this machine serves, beside other ways to serve and for one model."""

import json
import subprocess
import sys
from typing import Any

from tatara.core.errors import TataraError, UsageError
from tatara.core.home import project_root, state_root
from tatara.verbs import Output, Request
from tatara.verbs.options import boolean, options


def bench(request: Request, output: Output) -> int:
    """``bench serving`` compares servers on one model; with a name it sweeps that model's service."""
    if not 1 <= len(request.words) <= 2 or request.words[0] != "serving":
        raise UsageError(f"say what to measure, like: tatara {request.usage}")
    if len(request.words) == 1:
        given = options(request, int8=boolean, rounds=int, seconds=float, servers=str)
        found = _measured("benchmarks.serving", given)
        output.give(found, comparison_text(found))
        return 0
    from tatara.verbs.serve import bento_tag

    given = options(request, int8=boolean, seconds=float, save=str)
    given |= {"tag": bento_tag(request.words[1]), "home": state_root() / "bentoml"}
    found = _measured("benchmarks.serving_sweep", given)
    output.give(found, sweep_text(found))
    return 0


def _measured(module: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a benchmark prints; it runs alone in its process, from the project's root."""
    words = [f"{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in given.items()]
    done = subprocess.run([sys.executable, "-m", module, *words], cwd=project_root(), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise TataraError(f"{module} ended with {done.returncode}; what it wrote above says why")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def comparison_text(found: dict[str, Any]) -> str:
    """The table of a comparison."""
    lines = [f"{'':<10}{'requests/s':>11}{'CPU ms':>9}{'ours, x':>9}{'by CPU, x':>11}{'p50 ms':>9}{'p99 ms':>9}"]
    for name, rate in found["requests_per_second"].items():
        columns = [
            f"{rate:>11.1f}", f"{found['cpu_ms'][name]:>9.2f}", _number(found["ratios"].get(name), 9),
            _number(found["cpu_ratios"].get(name), 11), _number(found["p50_ms"].get(name), 9),
            _number(found["p99_ms"].get(name), 9),
        ]  # fmt: skip
        lines.append(f"{name:<10}" + "".join(columns))
    one, half = found["one_connection"], found["half_load"]
    lines.append(f"one connection: median {one['p50_ms']:.1f} ms, {one['by_floor']:.2f} times the floor's")
    lines.append(f"half load: p99 {half['p99_ms']:.1f} ms, {half['p99_by_p50']:.2f} times the median")
    lines.append(f"ready after {found['ready_seconds']:.1f} s")
    lines += [f"skipped {name}: {why}" for name, why in found["skipped"].items()]
    return "\n".join(lines)


def sweep_text(found: dict[str, Any]) -> str:
    """The table of a sweep."""
    names = (
        "connections",
        "requests_per_second",
        "p50_ms",
        "p90_ms",
        "p95_ms",
        "p99_ms",
        "batch",
        "queue_ms",
        "cpu_ms",
    )
    heads = ("connections", "requests/s", "p50 ms", "p90 ms", "p95 ms", "p99 ms", "batch", "queue ms", "CPU ms")
    lines = ["".join(f"{head:>12}" for head in heads)]
    for step in found["steps"]:
        cells = "".join(f"{step[name]:>12.1f}" if name != "connections" else f"{step[name]:>12}" for name in names)
        lines.append(cells + ("" if step["steady"] else "  p99 not steady"))
    below = found["floor"]
    lines.append(f"floor: {below['requests_per_second']:.1f} requests/s in process, median {below['p50_ms']:.1f} ms")
    lines.append(f"served: {found['throughput_by_floor']:.2f} times the floor's rate")
    lines.append(f"one connection: {found['one_connection_by_floor']:.2f} times the floor's median")
    lines.append(f"picture: {found['picture']}")
    return "\n".join(lines)


def _number(value: float | None, width: int) -> str:
    return f"{'':>{width}}" if value is None else f"{value:>{width}.2f}"
