"""What every answer has in common, whatever the path: headers, one-line errors, counts."""

import logging
import time
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import metrics
from services.app import build_app
from services.engine import Identity
from services.errors import RequestError, error_response
from services.models import Models, Slot
from services.observing import Observers
from services.seen import CURRENT, Seen, request_id

logger = logging.getLogger("tatara.service")
RULES = {404: "path", 405: "method"}


class Door:
    """ASGI middleware that answers every HTTP request by the surface of `services.app`, in BentoML's place."""

    def __init__(self, app: ASGIApp, models: Models, observers: Observers | None = None) -> None:
        self._bento, self._models, self._surface = app, models, build_app(models)
        self._observers = observers
        self._paths = {getattr(route, "path", "") for route in self._surface.routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; hand anything but HTTP on."""
        if scope["type"] != "http":
            await self._bento(scope, receive, send)
            return
        began, headers = time.perf_counter(), Headers(scope=scope)
        path = scope["path"] if scope["path"] in self._paths else "other"
        seen = Seen(request_id(headers.get("x-request-id")), scope["method"], path)
        CURRENT.set(seen)
        state: dict[str, Any] = {}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                own = [(b"x-request-id", seen.id.encode()), *_headers(self._answering(state))]
                message["headers"] = [*message.get("headers", []), *own]
            await send(message)

        with metrics.IN_FLIGHT.track_inprogress():
            await self._answer({**scope, "app": self._surface, "state": state}, receive, send_with_headers)
        seen.seconds = time.perf_counter() - began
        metrics.REQUESTS.labels(path, str(seen.status)).inc()
        metrics.SECONDS.labels(path).observe(seen.seconds)
        _offer(seen, state.get("slot"))
        if self._observers is not None:
            self._tell(seen, state, headers)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._surface.router(scope, receive, send)
        except ClientDisconnect:
            logger.info("the client left before its request was read")
        except RequestError as error:
            await self._refuse(error, scope, receive, send)
        except HTTPException as error:
            rule = RULES.get(error.status_code, "http")
            what = {404: "nothing there", 405: "not by this method"}.get(error.status_code, str(error.detail))
            refusal = RequestError(error.status_code, rule, f"{scope['method']} {scope['path']}: {what}")
            await self._refuse(refusal, scope, receive, send, dict(error.headers or {}))
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            refusal = RequestError(500, "internal", "the service failed on this request; its log says why")
            await self._refuse(refusal, scope, receive, send)

    async def _refuse(
        self, error: RequestError, scope: Scope, receive: Receive, send: Send, headers: dict[str, str] | None = None
    ) -> None:
        metrics.REFUSALS.labels(error.rule).inc()
        if (seen := CURRENT.get()) is not None:
            seen.rule = error.rule
        extra = {"Retry-After": "1"} if error.status in (429, 503) else {}
        await error_response(error, {**(headers or {}), **extra})(scope, receive, send)

    def _tell(self, seen: Seen, state: dict[str, Any], headers: Headers) -> None:
        """Whoever watches. What goes wrong there is no concern of the request's."""
        engine = state.get("engine")
        if engine is not None and engine.identity is not None:
            seen.model, seen.version = engine.identity.name, engine.identity.version
            seen.lineage, seen.graph = str(engine.identity.lineage.digest), engine.graph
        try:
            self._observers.answered(seen, headers)  # type: ignore[union-attr]
        except Exception:
            logger.exception("request %s was answered, but not logged", seen.id)

    def _answering(self, state: dict[str, Any]) -> Identity | None:
        """Whose answer it is: of the engine that the request was given, of the default one where it asked none."""
        identity: Identity | None = state.get("engine", self._models.default.current).identity
        return identity


def _offer(seen: Seen, slot: Slot | None) -> None:
    """To the version that is tried, where the request was answered or failed on a version."""
    if slot is not None and slot.tried is not None and seen.files and seen.status in (200, 500):
        slot.tried.offer(seen.id, [content for _, content in seen.files], seen.options)


def _headers(identity: Identity | None) -> list[tuple[bytes, bytes]]:
    if identity is None:
        return []
    values = {
        "X-Tatara-Model": quote(identity.name),
        "X-Tatara-Version": quote(identity.version),
        "X-Tatara-Lineage": str(identity.lineage.digest),
    }
    return [(name.lower().encode(), value.encode()) for name, value in values.items()]
