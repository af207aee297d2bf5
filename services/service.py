"""The BentoML service. One for every model: what it serves is said by the model folder's contract."""

import asyncio
import os
import sys

import bentoml
import uvicorn

from services import inner
from services.callers import Callers
from services.door import Door
from services.draining import Draining, Server, check_certificate
from services.engine import Engine, load
from services.lifetime import end_soon, end_with
from services.models import Models
from services.observing import Observers
from services.settings import read_pin, read_settings
from tatara.core.errors import TataraError

SUPERVISOR = "TATARA_SUPERVISOR"
"""Environment variable with the process id of BentoML's supervisor."""

_models: list[Models] = []
_observers: list[Observers] = []
_draining = Draining()


class _Server(Server):
    """BentoML makes uvicorn's server of its application after it imported this module: the door stands before that.

    BentoML's own middleware, which times, traces and logs what never reaches it, is left out.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        pin = read_pin()
        settings = read_settings(pin)
        _models.append(Models(Engine(pin, settings)))
        _observers.append(Observers())
        config.app = Door(config.app, _models[0], _draining, _observers[0])  # type: ignore[arg-type]
        super().__init__(config, settings, _draining)


uvicorn.Server = _Server  # type: ignore[misc]


@bentoml.service(
    name="tatara",
    workers=1,
    traffic={"timeout": 300},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
class TataraService:
    """Image files in, typed answers out; every answer leads back to the bytes the model was trained on."""

    @bentoml.on_deployment
    @staticmethod
    def refuse() -> None:
        """Before any worker starts: end the server in one line where the model cannot be served."""
        if parent := os.environ.get("TATARA_PARENT"):
            end_with(int(parent))
        os.environ[SUPERVISOR] = str(os.getpid())  # the workers inherit it
        try:
            pin = read_pin()
            settings = read_settings(pin)
            load(pin, settings)
            Callers(settings)
            check_certificate(settings)
            Observers().close()
            inner.close_ports()
        except TataraError as error:
            sys.stderr.write(f"tatara: {error}\n")
            sys.exit(error.exit_code)

    @bentoml.on_startup
    async def start(self) -> None:
        """Load the model while the process already says that it is alive."""
        end_with(int(os.environ.get(SUPERVISOR, os.getppid())))
        self._starting = asyncio.create_task(_models[0].default.current.start())

    @bentoml.on_shutdown
    async def stop(self) -> None:
        """End the models' threads; what was seen of the last requests is written and sent."""
        end_soon()
        _models[0].stop()
        _observers[0].close()
