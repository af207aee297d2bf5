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
from services.rollout.deployment import Deployment
from services.rollout.follower import Follower
from services.settings import Pin, Settings


async def _nothing(*_: object) -> None:
    raise AssertionError("only the surface is asked here")


@contextmanager
def serving(folder: Path, settings: Settings | None = None) -> Iterator[str]:
    """The address of a ready service; requests wait in the socket until it is."""
    engine = Engine(Pin(folder), settings or Settings(threads=2))
    with _served(Models(engine)) as url:
        yield url


@contextmanager
def following(*deployments: Deployment) -> Iterator[str]:
    """The address of a service that follows deployments, which were prepared."""
    engines = [Engine(one.pin(), Settings(threads=1)) for one in deployments]
    with _served(Models(*engines, deployments=deployments)) as url:
        yield url


@contextmanager
def _served(models: Models) -> Iterator[str]:
    draining = Draining()
    config = uvicorn.Config(Door(_nothing, models, draining), lifespan="off", log_level="error")
    server = Server(config, models.default.current.settings, draining)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        async def serve() -> None:
            for slot in models.slots:
                await slot.current.start()
            pairs = zip(models.deployments, models.slots, strict=False)
            followers = [asyncio.create_task(Follower(one, slot).run()) for one, slot in pairs]
            await server.serve(sockets=[listener])
            for follower in followers:
                follower.cancel()

        def run() -> None:
            with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:  # as uvicorn itself does
                runner.run(serve())

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
            models.stop()
