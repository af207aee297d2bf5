"""The HTTP surface: what is answered at which path."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from services import metrics
from services.engine import Engine
from services.errors import RequestError
from services.models import Models
from services.openapi import openapi
from services.rollout import surface as rollout
from services.seen import CURRENT
from services.uploads import Upload, read_upload
from tatara.core.errors import BoundError, DecodeError
from tatara.core.files import canonical_json
from tatara.core.options import OptionError, read_options

T = TypeVar("T")
PAGE = Path(__file__).parent / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def build_app(models: Models) -> Starlette:
    """The routes of one server."""
    surface = Surface(models)
    return Starlette(
        routes=[
            Route("/predict", surface.predict, methods=["POST"]),
            Route("/render", surface.render, methods=["POST"]),
            Route("/healthz", surface.health),
            Route("/livez", surface.health),
            Route("/readyz", surface.ready),
            Route("/metrics", surface.metrics),
            Route("/lineage", surface.lineage),
            Route("/model", surface.model),
            Route("/openapi.json", surface.openapi),
            Route("/docs.json", surface.openapi),
            *rollout.routes(models),
            Route("/deployments", surface.deployments),
            Route("/", surface.page),
            Route("/page/{name}", surface.page),
        ]
    )


class Surface:
    """One method a path. The engine that answers is kept in ``request.state.engine``, for the headers."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._settings = models.default.current.settings
        self._busy = asyncio.Semaphore(self._settings.max_requests)

    async def predict(self, request: Request) -> Response:
        """Files in, typed answers out."""
        with self._leased(request, key=_key(request)) as engine:
            found = await self._asked(request, engine, self._answers)
            metrics.EXAMPLES.inc(len(found))
            assert engine.identity is not None
            model = {"name": engine.identity.name, "version": engine.identity.version}
            body: dict[str, Any] = {"model": model, "answers": [answer.model_dump(mode="json") for answer in found]}
            if (seen := CURRENT.get()) is not None:
                seen.answers = body["answers"]
            return await asyncio.to_thread(_json, body)

    async def render(self, request: Request) -> Response:
        """One file in, the picture with its answer drawn out."""
        with self._leased(request, key=_key(request)) as engine:
            picture = await self._asked(request, engine, self._picture)
            metrics.EXAMPLES.inc()
            return Response(picture, media_type="image/png")

    async def health(self, request: Request) -> Response:
        """The process is alive."""
        return _json({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """The golden cases have passed."""
        with self._leased(request):
            return _json({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """Prometheus' text format."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    async def lineage(self, request: Request) -> Response:
        """The chain from the training data to this model."""
        with self._leased(request) as engine:
            assert engine.identity is not None
            return _json(engine.identity.lineage.model_dump(mode="json"))

    async def model(self, request: Request) -> Response:
        """Name, version, contract and lineage digest."""
        with self._leased(request) as engine:
            assert engine.identity is not None
            said = {"name": engine.identity.name, "version": engine.identity.version}
            contract = engine.runtime.contract.model_dump(mode="json")
            return _json({**said, "lineage": engine.identity.lineage.digest, "contract": contract})

    async def openapi(self, request: Request) -> Response:
        """This surface, described."""
        with self._leased(request) as engine:
            assert engine.identity is not None
            return _json(openapi(engine, engine.identity))

    async def page(self, request: Request) -> Response:
        """A page to drop images on."""
        return self._file(request, request.path_params.get("name", "index.html"))

    async def deployments(self, request: Request) -> Response:
        """A page of what serves and what served."""
        return self._file(request, "deployments.html")

    def _file(self, request: Request, name: str) -> Response:
        path = PAGE / name
        if path.parent != PAGE or not path.is_file():
            raise RequestError(404, "path", f"nothing at {request.url.path}")
        headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return FileResponse(path, headers=headers)

    @contextmanager
    def _leased(self, request: Request, key: str | None = None) -> Iterator[Engine]:
        slot = self._models.default
        with slot.lease(key=key) as engine:
            request.state.engine, request.state.slot = engine, slot
            yield engine

    async def _asked(self, request: Request, engine: Engine, ask: Callable[[Engine, Upload, Any], Awaitable[T]]) -> T:
        """What ``ask`` gives for the request's files and options, under the caps on requests and time."""
        if self._busy.locked():
            raise RequestError(429, "max_requests", "too many requests at once; try again in a moment")
        async with self._busy:
            upload = await read_upload(request, self._settings)
            if (seen := CURRENT.get()) is not None:
                seen.files, seen.options = list(zip(upload.names, upload.contents, strict=True)), upload.given
            options = _options(engine, upload)
            seconds = self._settings.answer_seconds
            try:
                async with asyncio.timeout(seconds):
                    return await ask(engine, upload, options)
            except TimeoutError:
                what = "a smaller image" if len(upload.contents) == 1 else "fewer or smaller images"
                advice = f"send {what}, or raise TATARA_ANSWER_SECONDS"
                raise RequestError(503, "answer_time", f"no answer within {seconds} s; {advice}") from None

    async def _answers(self, engine: Engine, upload: Upload, options: Any) -> list[BaseModel]:
        found: list[BaseModel] = []
        for name, one in zip(upload.names, await engine.answers(upload.contents, options), strict=True):
            if isinstance(one, Exception):
                raise _refusal(one, name)
            found.append(one)
        return found

    async def _picture(self, engine: Engine, upload: Upload, options: Any) -> bytes:
        if len(upload.contents) > 1:
            raise RequestError(413, "max_files", f"{len(upload.contents)} files; one picture is drawn at a time")
        try:
            return await engine.picture(upload.contents[0], options)
        except (DecodeError, BoundError) as error:
            raise _refusal(error, upload.names[0]) from None


def _key(request: Request) -> str:
    """Of the caller, who is answered by one version while a canary is tried; of the request where it names none."""
    return request.headers.get("x-tatara-key") or uuid.uuid4().hex


def _options(engine: Engine, upload: Upload) -> Any:
    try:
        return read_options(engine.runtime.kind, engine.runtime.contract, upload.given)
    except OptionError as error:
        raise RequestError(422, error.name, str(error)) from None


def _refusal(error: Exception, name: str) -> Exception:
    if isinstance(error, DecodeError):
        return RequestError(400, "decode", f"{name}: {error}", name)
    if isinstance(error, BoundError):
        return RequestError(422, error.rule, f"{name}: {error}", name)
    return error


def _json(value: object) -> Response:
    return Response(canonical_json(value) + "\n", media_type="application/json")
