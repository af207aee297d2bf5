"""TensorFlow's trace of some training steps, read: how long which operation of the step took."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.profiling.graph import BACKWARD, StepGraph
from tatara.core.errors import TataraError

NORMALIZING = ("/batchnorm/", "/moments/", "FusedBatchNorm")


@dataclass(frozen=True)
class Operations:
    """Seconds of processors or devices in the operations of all traced steps.

    Attributes:
        seconds: by node and kind of operation, ``model/conv2d/convolution:Conv2D``.
        busy: seconds in which at least one of them ran.
    """

    seconds: Counter[str]
    busy: float

    def phase(self, graph: StepGraph) -> dict[str, float]:
        """Their sums by ``forward``, ``backward`` and ``update``."""
        found = dict.fromkeys(("forward", "backward", "update"), 0.0)
        for name, seconds in self.seconds.items():
            backward, update = name.startswith(BACKWARD), name.startswith(graph.optimizer)
            found["backward" if backward else "update" if update else "forward"] += seconds
        return found

    def within(self, scope: str) -> float:
        """Seconds of a layer, forward and backward."""
        return sum(seconds for name, seconds in self.seconds.items() if name.removeprefix(BACKWARD).startswith(scope))

    @property
    def normalizing(self) -> float:
        """Seconds in batch normalization, forward and backward."""
        return sum(seconds for name, seconds in self.seconds.items() if any(part in name for part in NORMALIZING))


def read(profile: Path, graph: StepGraph) -> Operations:
    """The operations of the step in the newest trace below ``profile``.

    Raises:
        TataraError: there is no trace, or none of the step's operations is in it.
    """
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    files = sorted(profile.rglob("*.xplane.pb"))
    if not files:
        raise TataraError(f"{profile}: TensorFlow left no trace; run again with --debug")
    space = xplane_pb2.XSpace.FromString(files[-1].read_bytes())
    seconds: Counter[str] = Counter()
    spans: list[tuple[float, float]] = []
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = _operation(plane, event)
                if name.split(":")[0] in graph.nodes and ":" in name:
                    start = line.timestamp_ns / 1e9 + event.offset_ps / 1e12
                    seconds[name] += event.duration_ps / 1e12
                    spans.append((start, start + event.duration_ps / 1e12))
    if not seconds:
        raise TataraError(f"{files[-1]}: holds none of the step's operations; run again with --debug")
    return Operations(seconds, _union(spans))


def _operation(plane: Any, event: Any) -> str:
    """On the CPU an event is called after its operation; on a GPU after its kernel, and the operation is noted."""
    about = plane.event_metadata[event.metadata_id]
    if not plane.name.startswith("/device:GPU"):
        return str(about.name)
    for stat in event.stats:
        if plane.stat_metadata[stat.metadata_id].name == "tf_op":
            return str(stat.str_value or plane.stat_metadata[stat.ref_value].name)
    return ""


def _union(spans: list[tuple[float, float]]) -> float:
    total = end = 0.0
    for start, stop in sorted(spans):
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return total
