"""A TensorFlow profile as Chrome trace JSON, which Perfetto (ui.perfetto.dev) opens."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tatara.core.errors import TataraError
from tatara.core.files import write_bytes


def write_perfetto(profile: Path) -> Path:
    """Convert the ``*.xplane.pb`` below ``profile`` to ``profile/trace.json.gz`` and return its path.

    Raises:
        TataraError: there is none.
    """
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    found = sorted(profile.rglob("*.xplane.pb"))
    if not found:
        raise TataraError(f"{profile}: TensorFlow left no profile; the training was too short (it takes 13 steps)")
    space = xplane_pb2.XSpace.FromString(found[-1].read_bytes())
    events = [event for number, plane in enumerate(space.planes, 1) for event in _plane_events(number, plane)]
    path = profile / "trace.json.gz"
    text = json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})
    write_bytes(path, gzip.compress(text.encode(), mtime=0))
    return path


def _plane_events(process: int, plane: Any) -> Iterator[dict[str, Any]]:
    """Chrome's events of one device or host: a name for it and each of its threads, then the spans (microseconds)."""
    if not any(line.events for line in plane.lines):
        return
    yield {"ph": "M", "pid": process, "name": "process_name", "args": {"name": plane.name}}
    for line in plane.lines:
        name = line.display_name or line.name
        yield {"ph": "M", "pid": process, "tid": line.id, "name": "thread_name", "args": {"name": name}}
        for event in line.events:
            about = plane.event_metadata[event.metadata_id]
            yield {
                "ph": "X",
                "pid": process,
                "tid": line.id,
                "name": about.display_name or about.name,
                "ts": line.timestamp_ns / 1e3 + event.offset_ps / 1e6,
                "dur": event.duration_ps / 1e6,
            }
