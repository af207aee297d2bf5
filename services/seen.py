"""What is known of one request when it has been answered: logs, traces and the prediction log read it."""

import random
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import Histogram

_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


@dataclass
class Seen:
    """One request.

    Attributes:
        id: the client's ``X-Request-ID`` where it is 1 to 128 letters, digits or ``_.:-``; a fresh one otherwise.
        method, path: of the request; the path as it was declared, so that there are few.
        began: UTC, in seconds since 1970.
        status: of HTTP.
        seconds: until the last byte of the answer.
        model, version, lineage: who answered, empty where nobody did.
        graph: file of the batch model that answered.
        stages: name, start and end of each step, in nanoseconds since 1970.
        rule: of what refused, empty where nothing did.
        files: name and content of each file that was answered.
        options: of the request, as they came.
        answers: the JSON of each file's answer.
    """

    id: str
    method: str
    path: str
    began: float = field(default_factory=time.time)
    status: int = 500
    seconds: float = 0.0
    model: str = ""
    version: str = ""
    lineage: str = ""
    graph: str = ""
    stages: list[tuple[str, int, int]] = field(default_factory=list)
    rule: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    answers: list[bytes] = field(default_factory=list)


class step:  # noqa: N801  # reads as a word of the statement; a generator would cost four times as much
    """One step of the request that is being answered: counted, and kept for its trace."""

    __slots__ = ("_began", "_name", "_seconds")

    def __init__(self, name: str, seconds: Histogram) -> None:
        self._name, self._seconds = name, seconds

    def __enter__(self) -> None:
        self._began = time.time_ns()

    def __exit__(self, *_: object) -> None:
        passed(self._name, self._began, self._seconds)


def passed(name: str, began: int, seconds: Histogram | None = None) -> None:
    """A step that ends now and began at ``began``, in nanoseconds since 1970; counted where there is a histogram."""
    ended = time.time_ns()
    if seconds is not None:
        seconds.observe((ended - began) / 1e9)
    if (seen := CURRENT.get()) is not None:
        seen.stages.append((name, began, ended))


CURRENT: ContextVar[Seen | None] = ContextVar("request", default=None)
"""Of the request that is being answered."""


def request_id(given: str | None) -> str:
    """The client's where it is a fit one, a fresh one otherwise."""
    return given if given and _ID.fullmatch(given) else f"{random.getrandbits(128):032x}"  # a tenth of uuid's cost
