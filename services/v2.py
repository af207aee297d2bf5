"""The Open Inference Protocol v2 over HTTP: what Triton's and KServe's clients speak, beside the typed paths."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import tatara
from services.draining import Draining
from services.engine import Engine, Example
from services.errors import RequestError
from services.models import Models, Slot
from services.rollout import surface as rollout
from services.tensors import examples, stacked
from services.v2_tensors import (
    DATATYPES,
    HEADER_LENGTH,
    Inference,
    array_of,
    files_of,
    read_inference,
    write_inference,
)
from tatara.core.contract import Finished
from tatara.core.files import canonical_json

EXTENSIONS = ["binary_tensor_data"]
Finish = Callable[[Request, Engine, Callable[[bytes], list[Example]]], Awaitable[list[Finished]]]


class Protocol:
    """One method a path.

    Args:
        models: that answer.
        draining: whether the server was told to end.
        finish: reads a request's body under the server's limits and gives the finished answers to its examples.
    """

    def __init__(self, models: Models, draining: Draining, finish: Finish) -> None:
        self._models, self._draining, self._finish = models, draining, finish

    @property
    def routes(self) -> list[Route]:
        """Every path of the protocol."""
        model = "/v2/models/{model}"
        versioned = (model, model + "/versions/{version}")
        return [
            Route("/v2", self.server),
            Route("/v2/health/live", self.live),
            Route("/v2/health/ready", self.ready),
            *(Route(path, self.metadata) for path in versioned),
            *(Route(path + "/ready", self.model_ready) for path in versioned),
            *(Route(path + "/infer", self.infer, methods=["POST"]) for path in versioned),
        ]

    async def server(self, request: Request) -> Response:
        """Name, version and extensions of the server."""
        return _json({"name": "tatara", "version": tatara.__version__, "extensions": EXTENSIONS})

    async def live(self, request: Request) -> Response:
        """The process answers."""
        return _json({"live": True})

    async def ready(self, request: Request) -> Response:
        """Every model is ready, and the server is not about to end."""
        refuse_unready(self._models, self._draining)
        return _json({"ready": True})

    async def model_ready(self, request: Request) -> Response:
        """This model, or this version of it, has passed its golden cases."""
        slot = self._slot(request)
        with slot.lease(request.path_params.get("version")) as engine:
            request.state.engine = engine
            assert engine.identity is not None
            return _json({"name": slot.name, "version": engine.identity.version, "ready": True})

    async def metadata(self, request: Request) -> Response:
        """Inputs and outputs of a model, and the versions that are loaded."""
        slot = self._slot(request)
        with slot.lease(request.path_params.get("version")) as engine:
            request.state.engine = engine
            return _json(
                {
                    "name": slot.name,
                    "versions": list(slot.loaded),
                    "platform": "onnxruntime_onnx",
                    "inputs": [_input(engine)],
                    "outputs": _outputs(engine),
                }
            )

    async def infer(self, request: Request) -> Response:
        """Images in, the model's finished answers out, as tensors."""
        slot = self._slot(request)
        with slot.lease(request.path_params.get("version"), rollout.key(request)) as engine:
            request.state.engine = engine
            asked: list[Inference] = []

            def read(content: bytes) -> list[Example]:
                asked.append(read_inference(content, request.headers.get(HEADER_LENGTH), engine.settings))
                return _examples(asked[0], engine)

            rows = await self._finish(request, engine, read)
            assert engine.identity is not None
            head = {"model_name": slot.name, "model_version": engine.identity.version}
            return await asyncio.to_thread(_answer, engine, head, rows, asked[0])

    def _slot(self, request: Request) -> Slot:
        if self._models.default.name is None:
            raise RequestError(503, "ready", f"not ready: {self._models.default.current.refusal}")
        return self._models.named(request.path_params["model"])


def refuse_unready(models: Models, draining: Draining) -> None:
    """Whether the server takes requests, for whoever spreads them over several.

    Raises:
        RequestError: a model is not ready, or the server was told to end (503).
    """
    if draining.begun:
        raise RequestError(503, "draining", "not ready: the service ends")
    for slot in models.slots:
        with slot.lease():
            pass


def _answer(engine: Engine, head: dict[str, Any], rows: list[Finished], asked: Inference) -> Response:
    if asked.request.id is not None:
        head = {**head, "id": asked.request.id}
    tensors = stacked(rows, engine.runtime.contract, engine.settings)
    content, length = write_inference(head, tensors, asked.request, engine.settings)
    if length is None:
        return Response(content, media_type="application/json")
    return Response(content, media_type="application/octet-stream", headers={HEADER_LENGTH: str(length)})


def _examples(asked: Inference, engine: Engine) -> list[Example]:
    (tensor, *more) = asked.request.inputs
    name = engine.runtime.modality.INPUT
    if more or tensor.name != name:
        given = ", ".join(one.name[:40] for one in asked.request.inputs)
        raise RequestError(400, "inputs", f"inputs {given}; this model has one, {name!r}")
    binary = asked.binary.get(tensor.name)
    if tensor.datatype == "BYTES":
        if len(tensor.shape) == 0 or tensor.shape[0] > engine.settings.max_rows:
            most = engine.settings.max_rows
            raise RequestError(413, "max_rows", f"shape {tensor.shape}; 1 to {most} files are taken at once")
        files = files_of(tensor, binary)
        if not files:
            raise RequestError(400, "shape", "no file; send at least one")
        return list(files)
    if tensor.datatype not in ("UINT8", "FP32"):
        raise RequestError(
            400,
            "datatype",
            f"datatype {tensor.datatype[:40]!r}; {name} takes BYTES files, FP32 prepared, and of images UINT8 pixels",
        )
    return list(examples(array_of(tensor, binary), engine.runtime, engine.settings))


def _input(engine: Engine) -> dict[str, Any]:
    """The plainest form: an image's pixels, or of other examples files. Prepared ones are taken as FP32 too."""
    modality = engine.runtime.modality
    if np.uint8 != modality.DTYPE:
        return {"name": modality.INPUT, "datatype": "BYTES", "shape": [-1]}
    lengths = [length if isinstance(length, int) else -1 for length in modality.SHAPE]
    return {"name": modality.INPUT, "datatype": "UINT8", "shape": [-1, *lengths]}


def _outputs(engine: Engine) -> list[dict[str, Any]]:
    """Lengths that are known with the image are -1."""
    dtypes = {"float": "float32", "double": "float64"}
    found = []
    for name, (kind, shape) in engine.runtime.tensors.items():
        plain = kind.removeprefix("tensor(").removesuffix(")")
        lengths = [length if isinstance(length, int) else -1 for length in shape]
        datatype = DATATYPES[dtypes.get(plain, plain)]
        found.append({"name": name, "datatype": datatype, "shape": [-1, *lengths]})
    return found


def _json(value: object) -> Response:
    return Response(canonical_json(value) + "\n", media_type="application/json")
