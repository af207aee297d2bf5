"""What one server takes at a time, and what one request may hold."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from services.errors import RequestError
from services.settings import Settings

TIMEOUT = "X-Tatara-Timeout"
"""Header with the seconds after which an answer is of no use to whoever asks."""
LONGEST = 86_400.0


class Gate:
    """A bounded queue: so many requests are answered or wait at the same time, so many bytes of bodies are held.

    Everything is called from the event loop, so nothing is locked.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._inside = self._held = 0

    @property
    def full(self) -> bool:
        """As many requests are answered or wait as may."""
        return self._inside >= self._settings.max_requests

    @contextmanager
    def entered(self) -> Iterator[None]:
        """For as long as a request is answered."""
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    @contextmanager
    def holding(self) -> Iterator["Held"]:
        """The bytes of one request's body, given back at the end."""
        held = Held(self)
        try:
            yield held
        finally:
            self._held -= held.bytes

    def take(self, count: int) -> None:
        """Hold ``count`` more bytes.

        Raises:
            RequestError: too many are held (503).
        """
        if self._held + count > self._settings.max_held:
            most = self._settings.max_held
            raise RequestError(503, "max_held", f"the bodies of all requests are over {most:,} bytes; try again later")
        self._held += count


class Held:
    """What one request holds of `Gate`."""

    def __init__(self, gate: Gate) -> None:
        self._gate, self.bytes = gate, 0

    def more(self, count: int) -> None:
        """``count`` bytes have arrived.

        Raises:
            RequestError: as `Gate.take`.
        """
        self._gate.take(count)
        self.bytes += count


def refuse_long_header(scope: Mapping[str, Any], most: int) -> None:
    """Hold a request's address and headers to ``most`` bytes.

    Raises:
        RequestError: there are more (431).
    """
    size = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    size += sum(len(name) + len(value) + 4 for name, value in scope["headers"])  # with ": " and the end of the line
    if size > most:
        raise RequestError(431, "max_header", f"address and headers are {size:,} bytes, at most {most:,} are read")


def given_seconds(text: str | None) -> float | None:
    """The deadline that a request gives, or None.

    Raises:
        RequestError: not a number of seconds, a thousandth at least (422).
    """
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.001 <= seconds < math.inf:
        raise RequestError(422, "timeout", f"{TIMEOUT}: {text[:40]!r}; give seconds, 0.001 at least, such as 2.5")
    return min(seconds, LONGEST)


def read_json(content: bytes, settings: Settings) -> Any:
    """Parse JSON that a stranger sent.

    Raises:
        RequestError: too large, too deep (413), or not JSON (400).
    """
    if len(content) > settings.max_json:
        most = settings.max_json
        raise RequestError(
            413, "max_json", f"{len(content):,} bytes of JSON, at most {most:,} are read; send binary tensors"
        )
    if _depth(content) > settings.max_depth:
        raise RequestError(413, "max_depth", f"the JSON has more than {settings.max_depth} brackets in brackets")
    try:
        return json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, "json", f"not JSON: {' '.join(str(error).split())[:100]}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _depth(content: bytes) -> int:
    """Brackets in brackets. Those in texts count too where a text holds one: no tensor's name does."""
    values = np.frombuffer(content, np.uint8)
    steps = ((values == 0x5B) | (values == 0x7B)).astype(np.int8) - ((values == 0x5D) | (values == 0x7D))
    marks = steps[steps != 0]
    return int(np.cumsum(marks, dtype=np.int32).max(initial=0))
