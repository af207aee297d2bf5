"""The service's HTTP surface over a model folder, on a socket of this process."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from services.door import Door
from services.draining import Draining, Server
from services.engine import Engine
from services.models import Models
from services.settings import Pin, Settings


async def _nothing(*_: object) -> None:
    raise AssertionError("only the surface is asked here")


@contextmanager
def serving(folder: Path, settings: Settings | None = None) -> Iterator[str]:
    """The address of a ready service; requests wait in the socket until it is."""
    engine = Engine(Pin(folder), settings or Settings(threads=2))
    draining = Draining()
    config = uvicorn.Config(Door(_nothing, Models(engine), draining), lifespan="off", log_level="error")
    server = Server(config, engine.settings, draining)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        async def serve() -> None:
            await engine.start()
            await server.serve(sockets=[listener])

        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
            engine.stop()
