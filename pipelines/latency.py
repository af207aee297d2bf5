"""How long one answer takes, from file bytes, in this process on this machine."""

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.examples import Example, diverse
from tatara.core.runtime import Runtime

WARM_UP = 3
IMAGES = 50


def latency(runtime: Runtime, examples: Sequence[Example]) -> dict[str, Any]:
    """Median and 95th percentile of milliseconds by image, one at a time, with the hardware that they hold for."""
    contents = [example.read() for example in diverse(list(examples), IMAGES)]
    for content in contents[:WARM_UP]:
        runtime.answer_files([content])
    milliseconds = []
    for content in contents:
        began = time.perf_counter()
        runtime.answer_files([content])
        milliseconds.append(1000 * (time.perf_counter() - began))
    return {
        "median_ms": round(float(np.median(milliseconds)), 3),
        "p95_ms": round(float(np.quantile(milliseconds, 0.95)), 3),
        "images": len(contents),
        "provider": runtime.providers[0],
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
    }


def processor() -> str:
    """Name of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
