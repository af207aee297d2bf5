"""What every answer has in common, whatever the path: limits, headers, one-line errors, counts."""

import asyncio
import logging
import time
from contextlib import nullcontext
from functools import partial
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import metrics
from services.app import build_app
from services.callers import PROBES, Callers, Rates
from services.draining import Draining
from services.engine import Identity
from services.errors import RequestError, error_response
from services.limits import Gate, refuse_long_header
from services.models import Models, Slot
from services.observing import Observers
from services.seen import CURRENT, Seen, request_id

logger = logging.getLogger("tatara.service")
RULES = {404: "path", 405: "method"}
LEFT = 499
"""In counts and logs, where the client left before it was answered."""


class Door:
    """ASGI application that answers every HTTP request by the surface of `services.app`, in BentoML's place.

    Args:
        app: what is told of the process's beginning and end.
        models: that answer.
        draining: whether the server was told to end.
        observers: told of every request.
    """

    def __init__(
        self, app: ASGIApp, models: Models, draining: Draining | None = None, observers: Observers | None = None
    ) -> None:
        self._bento, self._models, self._draining = app, models, draining or Draining()
        self._observers = observers
        self._settings = models.default.current.settings
        self._gate, self._callers, self._rates = Gate(self._settings), Callers(self._settings), Rates(self._settings)
        self._surface = build_app(models, self._gate, self._draining)
        routes = [route for route in self._surface.routes if isinstance(route, Route)]
        self._plain = {route.path for route in routes}
        self._patterns = [(route.path_regex, route.path) for route in routes if route.param_convertors]
        self._endpoints = {
            (method, route.path): route.endpoint
            for route in routes
            if not route.param_convertors
            for method in route.methods or ()
        }
        self._asking = {route.path for route in routes if "POST" in (route.methods or ())}
        self._away = Away(self._settings.max_requests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; hand the process's beginning and end on. There are no web sockets."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self._bento(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, headers = time.perf_counter(), Headers(scope=scope)
        path = self._path(scope["path"])
        if self._gate.full and path in self._asking:
            own = [(b"x-request-id", request_id(headers.get("x-request-id")).encode()), *self._headers({})]
            own += [(b"connection", b"close")] if self._draining.begun else []
            await self._away(path, own, send)
            return
        seen = Seen(request_id(headers.get("x-request-id")), scope["method"], path, status=LEFT)
        CURRENT.set(seen)
        state: dict[str, Any] = {}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                own = [(b"x-request-id", seen.id.encode()), *self._headers(state)]
                message["headers"] = [*message.get("headers", []), *own]
                if self._draining.begun:
                    message["headers"].append((b"connection", b"close"))
            elif not message.get("more_body"):
                CURRENT.set(None)  # the server's timer for a kept connection holds what the context holds: whole bodies
            await send(message)

        with metrics.IN_FLIGHT.track_inprogress():
            await self._answer(path, {**scope, "app": self._surface, "state": state}, receive, send_with_headers)
        seen.seconds = time.perf_counter() - began
        metrics.REQUESTS.labels(path, str(seen.status)).inc()
        metrics.SECONDS.labels(path).observe(seen.seconds)
        _offer(seen, state.get("slot"))
        if self._observers is not None:
            self._tell(seen, state, headers)

    def _path(self, asked: str) -> str:
        """As the routes write it: labels of metrics must be few."""
        if asked in self._plain:
            return asked
        return next((path for pattern, path in self._patterns if pattern.match(asked)), "other")

    async def _answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            refuse_long_header(scope, self._settings.max_header)
            caller = self._callers.caller(scope, path)
            if path not in PROBES:
                self._rates.count(caller)
            with self._gate.entered() if path in self._asking else nullcontext():
                await self._routed(path, scope, receive, send)
        except ClientDisconnect:
            logger.info("%s %s: the client left before its answer", scope["method"], path)
        except RequestError as error:
            await self._refuse(error, scope, receive, send)
        except HTTPException as error:
            rule = RULES.get(error.status_code, "http")
            what = {404: "nothing there", 405: "not by this method"}.get(error.status_code, str(error.detail))
            message = f"{scope['method']} {scope['path'][:200]}: {what}"
            refusal = RequestError(error.status_code, rule, message, headers=dict(error.headers or {}))
            await self._refuse(refusal, scope, receive, send)
        except asyncio.CancelledError:
            if not self._draining.begun:
                raise
            refusal = RequestError(503, "draining", "the service ends; ask another one, or this one in a moment")
            await self._refuse(refusal, scope, receive, send)
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            refusal = RequestError(500, "internal", "the service failed on this request; its log says why")
            await self._refuse(refusal, scope, receive, send)

    async def _routed(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """By Starlette's router where a path has parameters or no route: what is left of it costs a tenth of it."""
        endpoint = self._endpoints.get((scope["method"], path))
        if endpoint is None:
            await self._surface.router(scope, receive, send)
            return
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _refuse(self, error: RequestError, scope: Scope, receive: Receive, send: Send) -> None:
        metrics.REFUSALS.labels(error.rule).inc()
        if (seen := CURRENT.get()) is not None:
            seen.rule = error.rule
        inference = scope["path"] == "/v2" or scope["path"].startswith("/v2/")
        await error_response(error, inference)(scope, receive, send)

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

    def _headers(self, state: dict[str, Any]) -> list[tuple[bytes, bytes]]:
        """Whose answer it is: of the engine that the request was given, of the default one where it asked none."""
        identity: Identity | None = state.get("engine", self._models.default.current).identity
        return [] if identity is None else identity.headers


class Away:
    """Turns requests away while the server is full, before anything else is looked at.

    Whoever is asked for several times what it can do spends itself on saying no: the answer is ready beforehand, and a
    line of the log tells of all in a second.
    """

    def __init__(self, most: int) -> None:
        error = RequestError(429, "max_requests", f"{most} requests are being answered; try again in a moment")
        self._answers = [
            (one.raw_headers, bytes(one.body)) for one in map(partial(error_response, error), (False, True))
        ]
        self._since, self._count = time.monotonic(), 0

    async def __call__(self, path: str, headers: list[tuple[bytes, bytes]], send: Send) -> None:
        """Answer with 429."""
        own, body = self._answers[path.startswith("/v2/")]
        await send({"type": "http.response.start", "status": 429, "headers": [*own, *headers]})
        await send({"type": "http.response.body", "body": body})
        metrics.REQUESTS.labels(path, "429").inc()
        metrics.REFUSALS.labels("max_requests").inc()
        self._count += 1
        if (now := time.monotonic()) - self._since >= 1:
            logger.warning("turned away: %d requests in %.0f s (max_requests)", self._count, now - self._since)
            self._since, self._count = now, 0


def _offer(seen: Seen, slot: Slot | None) -> None:
    """To the version that is tried, where the request was answered or failed on a version."""
    if slot is not None and slot.tried is not None and seen.files and seen.status in (200, 500):
        slot.tried.offer(seen.id, [content for _, content in seen.files], seen.options)
