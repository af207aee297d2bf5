"""How many processor cores this process may use."""

import math
import os
from pathlib import Path

QUOTAS = (("/sys/fs/cgroup/cpu.max",), ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"))
"""Where a container's share of processor time and its period stand, by version 2 and 1 of control groups."""


def cores(quotas: tuple[tuple[str, ...], ...] = QUOTAS) -> int:
    """The cores that this process is let run on, or the control group's share of their time where that is less.

    A share of one and a half counts as two: one thread would leave a third of it unused.
    """
    return min([len(os.sched_getaffinity(0)), *filter(None, map(_limit, quotas))])


def _limit(paths: tuple[str, ...]) -> int | None:
    try:
        quota, period = " ".join(Path(path).read_text(encoding="ascii") for path in paths).split()
    except (OSError, ValueError):
        return None
    limited = quota.isdigit() and period.isdigit() and int(quota) > 0 and int(period) > 0
    return math.ceil(int(quota) / int(period)) if limited else None
