"""Over HTTP: what the deployments are and were, and labels for what was answered."""

import asyncio
import json
import random
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.errors import RequestError
from services.models import Models
from services.rollout.deployment import Deployment
from services.rollout.trial import Trial
from tatara.core.files import canonical_json

MOST_BYTES = 2**20
"""Of a body with labels."""
MOST_ANSWERS = 256


def routes(models: Models) -> list[Route]:
    """To be put among the others."""
    surface = _Surface(models)
    return [
        Route("/deployments.json", surface.deployments),
        Route("/feedback", surface.feedback, methods=["POST"]),
    ]


def key(request: Request) -> str:
    """Of the caller, who is answered by one version while a canary is tried; of the request where it names none."""
    return request.headers.get("x-tatara-key") or f"{random.getrandbits(128):032x}"  # os.urandom lets go of the GIL


def told(deployment: Deployment, most: int = 200) -> dict[str, Any]:
    """Status and history for people and programs, without this machine's paths."""
    status = deployment.status
    if status is None:
        return {"name": deployment.desired.name, "status": None, "history": []}
    hidden = {"folder", "place", "manifest", "bento"}
    found = status.model_dump(mode="json", exclude=dict.fromkeys(("serving", "previous", "candidate"), hidden))
    history = [one.model_dump(mode="json") for one in deployment.history(most)]
    return {"name": status.name, "status": found, "history": history}


class _Surface:
    def __init__(self, models: Models) -> None:
        self._models = models

    async def deployments(self, request: Request) -> Response:
        """Of every deployment of this server."""
        found = await asyncio.to_thread(lambda: [told(one) for one in self._models.deployments])
        return _json({"deployments": found})

    async def feedback(self, request: Request) -> Response:
        """What the answers to a request should have been; it counts where a version is tried."""
        body = await _body(request)
        slot = self._models.named(str(body["model"])) if "model" in body else self._models.default
        counted = isinstance(slot.tried, Trial)
        if isinstance(slot.tried, Trial):
            slot.tried.label(body["request_id"], body["answers"])
        return _json({"counted": counted})


async def _body(request: Request) -> dict[str, Any]:
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise RequestError(413, "max_body", f"the body is over {MOST_BYTES:,} bytes; label fewer answers")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise RequestError(400, "json", "the body is not JSON") from None
    fits = isinstance(body, dict) and isinstance(body.get("request_id"), str) and 0 < len(body["request_id"]) <= 128
    answers = body.get("answers") if fits else None
    if not isinstance(answers, list) or not 0 < len(answers) <= MOST_ANSWERS:
        form = '{"request_id": "...", "answers": [...]}'
        raise RequestError(
            422, "body", f"labels are {form}, the id of X-Request-ID and an answer for each file"
        ) from None
    if not all(one is None or isinstance(one, dict) for one in answers):
        raise RequestError(422, "answers", "each of the answers is an object, or null where it is not known")
    return dict(body)


def _json(value: object) -> Response:
    return Response(canonical_json(value) + "\n", media_type="application/json")
