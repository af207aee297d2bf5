"""A real HTTP server on 127.0.0.1 that serves bytes by name, and misbehaves where it is told to."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server has and how it answers.

    Attributes:
        files: path without the leading slash -> content.
        ranges: honour ``Range``.
        shift: bytes by which the ranges that it sends begin too late.
        etag: sent with every file; None sends a date alone.
        lengths: say how long a file is; without it the answer ends with the connection.
        break_after: bytes of the body after which each of the coming answers breaks off, one entry an answer.
        requests: headers of every request that came, with ``path``.
    """

    files: dict[str, bytes]
    ranges: bool = True
    shift: int = 0
    etag: str | None = '"one"'
    lengths: bool = True
    break_after: list[int] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """Serve until the block ends; yields the address with a slash at its end."""
    handler = type("Handler", (_Handler,), {"behaviour": behaviour})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    behaviour: Behaviour

    def do_GET(self) -> None:
        behaviour, name = self.behaviour, self.path.lstrip("/")
        behaviour.requests.append({"path": name, **self.headers})
        if name not in behaviour.files:
            self.send_error(404)
            return
        content, start = behaviour.files[name], self._start()
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if behaviour.lengths:
            self.send_header("Content-Length", str(len(content) - start))
        if behaviour.etag:
            self.send_header("ETag", behaviour.etag)
        self.end_headers()
        body = content[start:]
        with suppress(ConnectionError):  # the other side may refuse the rest
            self.wfile.write(body[: behaviour.break_after.pop(0)] if behaviour.break_after else body)

    def _start(self) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not found or not self.behaviour.ranges or self.headers.get("If-Range") != self.behaviour.etag:
            return 0
        return int(found[1]) + self.behaviour.shift

    def log_message(self, *_: object) -> None:
        """Keep the tests' output quiet."""
