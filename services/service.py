"""The BentoML service. One for every model: what it serves is said by the model folder's contract."""

import asyncio
import os
import sys
from itertools import zip_longest

import bentoml
import uvicorn

from services import inner
from services.callers import Callers
from services.certificate import check_certificate
from services.door import Door
from services.draining import Draining, Server
from services.engine import Engine, load
from services.ensemble import graph_here, refuse_unserved
from services.lifetime import end_soon, end_with
from services.models import Models, Slot
from services.observing import Observers
from services.rollout.deployment import Deployment, deployments
from services.rollout.follower import Follower
from services.settings import Pin, read_pin, read_settings
from tatara.core.errors import TataraError

SUPERVISOR = "TATARA_SUPERVISOR"
"""Environment variable with the process id of BentoML's supervisor."""

_models: list[Models] = []
_observers: list[Observers] = []
_draining = Draining()


def pins() -> list[Pin]:
    """What this process serves first: of every deployment, or else of the environment or the Bento."""
    return [one.pin() for one in deployments()] or [read_pin()]


class _Server(Server):
    """BentoML makes uvicorn's server of its application after it imported this module: the door stands before that.

    BentoML's own middleware, which times, traces and logs what never reaches it, is left out.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        engines = [Engine(pin, read_settings(pin)) for pin in pins()]
        settings = engines[0].settings
        _models.append(Models(*engines, deployments=deployments()))
        _observers.append(Observers())
        config.app = Door(config.app, _models[0], _draining, _observers[0])  # type: ignore[arg-type]
        super().__init__(config, settings, _draining)


uvicorn.Server = _Server  # type: ignore[misc]


async def _start(slot: Slot, deployment: Deployment | None) -> None:
    await slot.current.start()
    if deployment is not None and slot.current.refusal is None:
        await Follower(deployment, slot).run()


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
            found = pins()
            for pin in found:
                load(pin, read_settings(pin))
            settings = read_settings(found[0])
            Callers(settings)
            check_certificate(settings)
            if graph := graph_here():
                refuse_unserved(graph, [one.desired.name for one in deployments()])
            Observers().close()
            inner.close_ports()
        except TataraError as error:
            sys.stderr.write(f"tatara: {error}\n")
            sys.exit(error.exit_code)

    @bentoml.on_startup
    async def start(self) -> None:
        """Load the models while the process already says that it is alive, then follow the deployments."""
        end_with(int(os.environ.get(SUPERVISOR, os.getppid())))
        self._following = [
            asyncio.create_task(_start(*one)) for one in zip_longest(_models[0].slots, _models[0].deployments)
        ]

    @bentoml.on_shutdown
    async def stop(self) -> None:
        """End the models' threads; what was seen of the last requests is written and sent."""
        end_soon()
        _models[0].stop()
        _observers[0].close()
