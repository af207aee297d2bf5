"""A server that is told to end: nothing new is taken, what is in flight is finished."""

import asyncio
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import uvicorn

from services.certificate import Certificate
from services.heads import BoundedProtocol
from services.settings import Settings

LULL_SECONDS = 0.5
"""Kept-alive connections stay open so long after the last answer, for a request that is under way on them."""
LEAST_BYTES = 1024
"""Bytes a second that a client must read of its answer."""


class Draining:
    """Whether the server was told to end."""

    begun = False


class Server(uvicorn.Server):
    """uvicorn's server, without the connections that ask nothing, and with an end that loses no request."""

    def __init__(self, config: uvicorn.Config, settings: Settings, draining: Draining) -> None:
        config.h11_max_incomplete_event_size = 2 * settings.max_header  # what is longer is not even kept
        config.http = BoundedProtocol
        if settings.tls_cert:
            config.ssl_certfile, config.ssl_keyfile = settings.tls_cert, settings.tls_key
        super().__init__(config)
        self._settings, self._draining = settings, draining
        self._certificate = Certificate(settings)
        self._waiting: dict[Any, tuple[Any, float]] = {}
        self._unread: dict[Any, tuple[int, float]] = {}

    async def on_tick(self, counter: int) -> bool:
        """uvicorn's clock, ten times a second."""
        if counter % 10 == 0:
            self._drop(time.monotonic())
            self._certificate.renew(self.config.ssl)
        return await super().on_tick(counter)

    def _drop(self, now: float) -> None:
        """Close what has sent no whole request head, or does not read its answer; of too many the longest idle."""
        connections = set(self.server_state.connections)
        self._waiting = {one: self._since(one, now) for one in connections if not _busy(one)}
        self._unread = {one: unread for one in connections if (unread := self._reads(one, now))}
        late = {one for one, (_, since) in self._waiting.items() if now - since > self._settings.head_seconds}
        late |= {one for one, (_, since) in self._unread.items() if now - since > self._settings.write_seconds}
        if (over := len(connections) - len(late) - self._settings.max_connections) > 0:
            idle = sorted(self._waiting.keys() - late, key=lambda one: self._waiting[one][1])
            late |= set(idle[:over])
        for connection in late:
            _reset(connection.transport)

    def _since(self, connection: Any, now: float) -> tuple[Any, float]:
        cycle, since = self._waiting.get(connection, (None, now))
        return (cycle, since) if cycle is connection.cycle else (connection.cycle, now)

    def _reads(self, connection: Any, now: float) -> tuple[int, float] | None:
        """Bytes unread when the client last was quick enough, and when that was."""
        unread = connection.transport.get_write_buffer_size()
        if not unread:
            return None
        before, since = self._unread.get(connection, (unread, now))
        enough = max(1, LEAST_BYTES * self._settings.write_seconds)
        return (unread, now) if before - unread >= enough else (max(before, unread), since)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no connection any more, answer what is asked on those that there are, then end."""
        self._draining.begun = True
        listening = [one.dup() for one in sockets or ()]
        for server in self.servers:
            server.close()
        waiting = [connection for listener in listening for connection in _accepted(listener)]
        _refuse_new(listening)
        for connection in waiting:
            await self._take(connection)
        end = time.monotonic() + self._settings.drain_seconds
        await self._answer_last(end)
        self.config.timeout_graceful_shutdown = max(1, int(end - time.monotonic()))
        await super().shutdown(sockets)

    async def _take(self, connection: socket.socket) -> None:
        """One that its client holds for accepted."""
        loop, config = asyncio.get_running_loop(), self.config

        def protocol() -> asyncio.Protocol:
            found: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=self.server_state, app_state=self.lifespan.state, _loop=loop
            )
            return found

        with suppress(OSError):  # its client has left meanwhile
            await loop.connect_accepted_socket(protocol, connection, ssl=config.ssl)

    async def _answer_last(self, end: float) -> None:
        """Until the connections are closed or quiet: every answer says that its connection closes."""
        quiet = time.monotonic()
        while (connections := self.server_state.connections) and (now := time.monotonic()) < end:
            if any(map(_busy, connections)):
                quiet = now
            elif now - quiet > LULL_SECONDS:
                return
            await asyncio.sleep(0.05)


def _reset(transport: asyncio.Transport) -> None:
    """Without a delay for what the client has not read: the kernel would keep it for minutes."""
    if (found := transport.get_extra_info("socket")) is not None:
        with suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _busy(connection: Any) -> bool:
    """A request is being answered on it."""
    cycle = connection.cycle
    return cycle is not None and not cycle.response_complete


def _accepted(listener: socket.socket) -> Iterator[socket.socket]:
    """What the kernel has accepted and nobody has taken: closing the listener would break it off."""
    listener.setblocking(False)
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connection.setblocking(False)
            yield connection


def _refuse_new(sockets: Iterable[socket.socket]) -> None:
    """For all who hold the socket, BentoML's supervisor too: closing it here would leave clients waiting there."""
    for listener in sockets:
        with listener, suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
