"""A load generator that costs little: ready requests over raw sockets, in a process of its own.

    python -m benchmarks.load SPEC.json FOUND.json

``SPEC.json`` holds ``url``, ``content_type``, ``bodies`` (paths), ``connections``, ``seconds`` and ``rate`` (requests
a second in all, at even distances; 0 sends the next request when the last is answered). Writes
``latencies`` in seconds, in the order of their ends, ``answered``, ``seconds`` and ``cpu`` (of this process, in
seconds) to ``FOUND.json``. With a rate, the time that a request waits for a free connection counts.
"""

import asyncio
import json
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Connection(asyncio.Protocol):
    """One connection that is kept: `send` a request, and its future is done when the answer is there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready to send."""
        self._transport: Any = transport
        self._done: asyncio.Future[None] | None = None

    def send(self, request: bytes) -> "asyncio.Future[None]":
        """The answer is read whole and thrown away."""
        self._received, self._needed = b"", 0
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._done

    def data_received(self, data: bytes) -> None:
        """Until the length that the head names."""
        self._received += data
        if not self._needed:
            head, found, _ = self._received.partition(b"\r\n\r\n")
            if not found:
                return
            lines = head.lower().split(b"\r\n")
            length = next((line for line in lines if line.startswith(b"content-length:")), None)
            if b" 200" not in lines[0] or length is None:
                self._fail(f"the server answered {self._received[:500].decode(errors='replace')!r}")
                return
            self._needed = len(head) + 4 + int(length.split(b":")[1])
        if len(self._received) >= self._needed and self._done is not None and not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """The server closed it."""
        self._fail(f"the server closed the connection ({error})")

    def close(self) -> None:
        """Close it from this side."""
        self._done = None
        self._transport.close()

    def _fail(self, reason: str) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(RuntimeError(reason))


def requests(spec: dict[str, Any]) -> list[bytes]:
    """Each body with its head."""
    place = urlsplit(spec["url"])
    found = []
    for path in spec["bodies"]:
        body = Path(path).read_bytes()
        head = (
            f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: {spec['content_type']}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found


async def run(spec: dict[str, Any]) -> dict[str, Any]:
    """Ask for ``seconds``, and wait for what is in flight then."""
    loop, place, ready = asyncio.get_running_loop(), urlsplit(spec["url"]), requests(spec)
    connections = [
        (await loop.create_connection(Connection, place.hostname, place.port))[1] for _ in range(spec["connections"])
    ]
    took: list[float] = []
    began, used = time.perf_counter(), time.process_time()
    end = began + spec["seconds"]

    async def back_to_back(connection: Connection, position: int) -> None:
        while (now := time.perf_counter()) < end:
            await connection.send(ready[position % len(ready)])
            took.append(time.perf_counter() - now)
            position += 1

    due = (
        deque(began + i / spec["rate"] for i in range(int(spec["seconds"] * spec["rate"]))) if spec["rate"] else deque()
    )

    async def at_times(connection: Connection, position: int) -> None:
        while due:
            at = due.popleft()
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            await connection.send(ready[position % len(ready)])
            took.append(time.perf_counter() - at)
            position += 1

    ask = at_times if spec["rate"] else back_to_back
    await asyncio.gather(*(ask(connection, i) for i, connection in enumerate(connections)))
    lasted = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return {"answered": len(took), "latencies": took, "seconds": lasted, "cpu": time.process_time() - used}


def main(path: str, found: str) -> None:
    """Run the specification at ``path`` and write what was found."""
    try:
        from uvloop import run as drive
    except ImportError:
        drive = asyncio.run
    Path(found).write_text(json.dumps(drive(run(json.loads(Path(path).read_text(encoding="utf-8"))))), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
