"""The HTTP surface: what is answered at which path."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from services import metrics
from services.deadline import while_connected, within
from services.draining import Draining
from services.engine import Engine, Example
from services.ensemble import Ensemble, graph_here
from services.errors import RequestError
from services.limits import TIMEOUT, Gate, Held, given_seconds
from services.models import Models
from services.openapi import openapi
from services.rollout import surface as rollout
from services.seen import CURRENT
from services.tensors import accepted, examples, stacked, written
from services.uploads import Upload, read_body, read_upload
from services.v2 import Protocol, refuse_unready
from tatara.core.contract import Finished
from tatara.core.errors import BoundError, DecodeError, TooLargeError
from tatara.core.files import canonical_json
from tatara.core.options import OptionError, read_options

T = TypeVar("T")
PAGE = Path(__file__).parent / "page"
FILES = {path.name for path in PAGE.iterdir()}
"""Of the page. A name in a request is never made a path: it may be too long for one, or lead elsewhere."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
    "media-src blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def build_app(models: Models, gate: Gate | None = None, draining: Draining | None = None) -> Starlette:
    """The routes of one server.

    Args:
        models: that answer.
        gate: counts what the bodies of all requests hold.
        draining: whether the server was told to end.
    """
    draining = draining or Draining()
    surface = Surface(models, gate or Gate(models.default.current.settings), draining)
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
            *Protocol(models, draining, surface.finished).routes,
            *(Ensemble(graph, models, surface.asked).routes if (graph := graph_here()) else ()),
        ]
    )


class Surface:
    """One method a path. The engine that answers is kept in ``request.state.engine``, for the headers."""

    def __init__(self, models: Models, gate: Gate, draining: Draining) -> None:
        self._models, self._gate, self._draining = models, gate, draining
        self._settings = models.default.current.settings

    async def predict(self, request: Request) -> Response:
        """Files or an array in, typed answers or tensors out."""
        with self._leased(request, key=rollout.key(request)) as engine:
            if (form := accepted(request.headers.get("accept", ""))) is not None:
                rows = await self.asked(request, engine, self._rows)
                metrics.EXAMPLES.inc(len(rows))
                content, media_type = await asyncio.to_thread(
                    lambda: written(stacked(rows, engine.runtime.contract, self._settings), form)
                )
                return Response(content, media_type=media_type)
            found = await self.asked(request, engine, self._answers)
            metrics.EXAMPLES.inc(len(found))
            assert engine.identity is not None
            if (seen := CURRENT.get()) is not None:
                seen.answers = found
            body = b'{"answers":[%b],"model":%b}\n' % (b",".join(found), engine.identity.json)
            return Response(body, media_type="application/json")

    async def render(self, request: Request) -> Response:
        """One file in, the picture with its answer drawn out."""
        with self._leased(request, key=rollout.key(request)) as engine:
            picture = await self.asked(request, engine, self._picture)
            metrics.EXAMPLES.inc()
            return Response(picture, media_type="image/png")

    async def health(self, request: Request) -> Response:
        """The process is alive."""
        return _json({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """The golden cases have passed, and the server is not about to end."""
        refuse_unready(self._models, self._draining)
        return _json({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """Prometheus' text format."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        self._models.count()
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
        if name not in FILES:
            raise RequestError(404, "path", f"nothing at {request.url.path[:200]}")
        headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return FileResponse(PAGE / name, headers=headers)

    @contextmanager
    def _leased(self, request: Request, key: str | None = None) -> Iterator[Engine]:
        slot = self._models.default
        with slot.lease(key=key) as engine:
            request.state.engine, request.state.slot = engine, slot
            yield engine

    async def finished(
        self, request: Request, engine: Engine, read: Callable[[bytes], list[Example]]
    ) -> list[Finished]:
        """The finished answers to the examples that ``read`` finds in the request's body."""

        async def answer(held: Held) -> list[Finished]:
            content = await read_body(request, self._settings, held)
            found = await asyncio.to_thread(read, content)
            return await self._in_time(request, len(found), _rows(engine, found, ()))

        rows = await self._held(request, answer)
        metrics.EXAMPLES.inc(len(rows))
        return rows

    async def asked(
        self, request: Request, engine: Engine, ask: Callable[[Engine, Upload, Any], Coroutine[Any, Any, T]]
    ) -> T:
        """What ``ask`` gives for the request's files and options."""

        async def answer(held: Held) -> T:
            upload = await read_upload(request, self._settings, held, engine.runtime.modality.MEDIA)
            options = _options(engine, upload)
            if (seen := CURRENT.get()) is not None:
                seen.files, seen.options = list(zip(upload.names, upload.contents, strict=False)), upload.given
            return await self._in_time(request, len(upload.contents), ask(engine, upload, options))

        return await self._held(request, answer)

    async def _held(self, request: Request, answer: Callable[[Held], Awaitable[T]]) -> T:
        """``answer`` within the deadline that the request gives, with what is held of its body given back."""
        seconds = given_seconds(request.headers.get(TIMEOUT))
        with self._gate.holding() as held:
            if seconds is None:
                return await answer(held)
            async with within(seconds):
                return await answer(held)

    async def _in_time(self, request: Request, count: int, work: Coroutine[Any, Any, T]) -> T:
        """What ``work`` gives, in the time that is allowed and for as long as the client is there."""
        seconds = self._settings.answer_seconds
        try:
            async with asyncio.timeout(seconds):
                return await while_connected(request.receive, work)
        except TimeoutError:
            what = "a smaller file" if count == 1 else "fewer or smaller files"
            advice = f"send {what}, or raise TATARA_ANSWER_SECONDS"
            raise RequestError(503, "answer_time", f"no answer within {seconds} s; {advice}") from None

    async def _answers(self, engine: Engine, upload: Upload, options: Any) -> list[bytes]:
        """Each answer's JSON."""
        names, contents = _examples(engine, upload)
        found: list[bytes] = []
        for name, one in zip(names, await engine.answers(contents, options, _written), strict=True):
            if isinstance(one, Exception):
                raise _refusal(one, name)
            found.append(one)
        return found

    async def _rows(self, engine: Engine, upload: Upload, options: Any) -> list[Finished]:
        names, contents = _examples(engine, upload)
        return await _rows(engine, contents, names)

    async def _picture(self, engine: Engine, upload: Upload, options: Any) -> bytes:
        names, contents = _examples(engine, upload)
        if len(contents) > 1:
            raise RequestError(413, "max_files", f"{len(contents)} files; one picture is drawn at a time")
        if isinstance(contents[0], np.ndarray) and contents[0].dtype != np.uint8:
            raise RequestError(
                422, "dtype", "a prepared tensor has no picture; send a file, or an image's pixels as uint8"
            )
        try:
            return await engine.picture(contents[0], options)
        except (DecodeError, BoundError) as error:
            raise _refusal(error, names[0]) from None


async def _rows(engine: Engine, contents: Sequence[Example], names: Sequence[str]) -> list[Finished]:
    rows = await engine.finished(contents)
    for position, one in enumerate(rows):
        if isinstance(one, Exception):
            raise _refusal(one, names[position] if names else f"row {position}")
    return rows


def _examples(engine: Engine, upload: Upload) -> tuple[Sequence[str], Sequence[Example]]:
    """What is to be answered, and how to call each."""
    if upload.array is None:
        return upload.names, upload.contents
    rows = examples(upload.array, engine.runtime, engine.settings)
    return [f"row {position}" for position in range(len(rows))], rows


def _written(answer: BaseModel) -> bytes:
    return answer.model_dump_json().encode()


def _options(engine: Engine, upload: Upload) -> Any:
    try:
        return read_options(engine.runtime.kind, engine.runtime.contract, upload.given)
    except OptionError as error:
        raise RequestError(422, error.name, str(error)) from None


def _refusal(error: Exception, name: str) -> Exception:
    if isinstance(error, TooLargeError):
        return RequestError(413, error.rule, f"{name}: {error}", name)
    if isinstance(error, DecodeError):
        return RequestError(400, "decode", f"{name}: {error}", name)
    if isinstance(error, BoundError):
        return RequestError(422, error.rule, f"{name}: {error}", name)
    if isinstance(error, ValidationError):  # no image gives such numbers, a prepared tensor may
        return RequestError(422, "finite", f"{name}: the model has no answer to such numbers", name)
    return error


def _json(value: object) -> Response:
    return Response(canonical_json(value) + "\n", media_type="application/json")
