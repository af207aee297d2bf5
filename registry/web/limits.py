"""How often somebody may try to sign in, and how many passwords are hashed at once."""

import threading
import time
from collections import defaultdict, deque

from fastapi import HTTPException

WINDOW = 15 * 60
"""Seconds."""
OF_ADDRESS, OF_NAME = 20, 8
"""Tries within it that fail, from one address with any name, and with one name from one address."""
_MOST = 10_000


class Attempts:
    """Tries to sign in, counted in this process."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, ...], deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()
        self.hashing = threading.BoundedSemaphore(2)
        """A hash takes 64 MB and half a core."""

    def begin(self, address: str, name: str) -> None:
        """Count a try as a failure, which it is until `succeeded`; tries at the same moment count, too.

        Raises:
            HTTPException: 429, with the seconds to wait.
        """
        with self._lock:
            waits = [self._wait((address,), OF_ADDRESS), self._wait((address, name), OF_NAME)]
            if wait := max(waits):
                minutes = -(-wait // 60)
                headers = {"Retry-After": str(wait)}
                raise HTTPException(429, f"too many tries; wait {minutes} minutes and try again", headers)
            if len(self._failures) > _MOST:
                self._failures.clear()
            for key in ((address,), (address, name)):
                self._failures[key].append(time.monotonic())

    def succeeded(self, address: str, name: str) -> None:
        """Take the try back."""
        with self._lock:
            self._failures.pop((address, name), None)
            if found := self._failures.get((address,)):
                found.pop()

    def _wait(self, key: tuple[str, ...], most: int) -> int:
        found, now = self._failures.get(key), time.monotonic()
        while found and found[0] < now - WINDOW:
            found.popleft()
        return int(found[0] + WINDOW - now) + 1 if found and len(found) >= most else 0
