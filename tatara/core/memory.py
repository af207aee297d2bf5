"""How much memory this process may take, and what that allows."""

import os
from pathlib import Path

CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container's limit stands, by version 2 and 1 of control groups."""
BYTES_A_PIXEL = 40
"""Of an image while it is decoded, brought to RGB and prepared: whole copies of 3 to 4 bytes, and of 12 as floats."""
IMAGES_SHARE = 4
"""The part of the memory that the images being decoded may take."""
MOST_PIXELS = 100_000_000


def memory_budget(limits: tuple[str, ...] = CGROUPS) -> int:
    """Bytes: the control group's limit, or the machine's memory where that is less."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in limits:
        try:
            given = Path(limit).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if given.isdigit() and int(given) > 0:
            found.append(int(given))
    return min(found)


def default_pixels(threads: int, budget: int | None = None) -> int:
    """Pixels of the largest image that as many threads may decode at the same time.

    Args:
        threads: that decode.
        budget: bytes; `memory_budget` by default.
    """
    share = (memory_budget() if budget is None else budget) // IMAGES_SHARE
    return max(1_000_000, min(MOST_PIXELS, share // (BYTES_A_PIXEL * threads)))
