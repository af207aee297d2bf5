"""Two registered models as one: a detector, then a classifier on what it found. A file declares it::

name: pets
detector: {model: animals, options: {score: 0.5, top: 20}}
classifier: {model: breeds, options: {top: 3}}
margin: 0.1
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.engine import Engine
from services.errors import RequestError
from services.models import Models
from services.rollout.surface import key
from services.uploads import Upload
from tatara.core.contract import Strict
from tatara.core.errors import BoundError, DecodeError, UsageError
from tatara.core.files import canonical_json
from tatara.core.kinds import classification
from tatara.core.objects import Box, DetectedObject
from tatara.core.options import OptionError, read_options

VARIABLE = "TATARA_ENSEMBLE"
"""Environment variable: the file."""
DETECTORS = ("detection", "instances")


class Step(Strict):
    """One model, with parameters that a request to it could have."""

    model: str
    options: dict[str, Any] = Field(default_factory=dict)


class Graph(Strict):
    """The file.

    Attributes:
        name: that it is asked by.
        detector: whose objects are cut out; what a request asks for is asked of it.
        classifier: asked about each of them.
        margin: share of an object's sides that is cut out around it.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]{0,99}$")
    detector: Step
    classifier: Step
    margin: float = Field(default=0.0, ge=0, le=1)


class ClassifiedObject(Strict):
    """An object and what the classifier says of it.

    Attributes:
        label, score, box: by the detector.
        classified: by the classifier.
        refused: why it does not say anything, such as a bound of its contract.
    """

    label: str
    score: float
    box: Box
    classified: classification.Answer | None = None
    refused: str | None = None


class Answer(Strict):
    """The answer for one image, its size in pixels."""

    width: int
    height: int
    threshold: float
    objects: tuple[ClassifiedObject, ...]


Asked = Callable[[Request, Engine, Callable[[Engine, Upload, Any], Any]], Awaitable[list[Answer]]]


def read_graph(path: Path) -> Graph:
    """Parse the file.

    Raises:
        UsageError: it is none.
    """
    try:
        return Graph.model_validate(yaml.safe_load(path.read_bytes()))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; give the file of an ensemble") from None
    except (ValidationError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: no ensemble ({' '.join(str(error).split())[:200]})") from None


def graph_here() -> Graph | None:
    """Of this process, by `VARIABLE`."""
    given = os.environ.get(VARIABLE)
    return read_graph(Path(given)) if given else None


class Ensemble:
    """A graph over the models of this server.

    Args:
        graph: what is declared.
        models: that answer.
        asked: reads a request's files under the server's limits and gives what a function makes of them.
    """

    def __init__(self, graph: Graph, models: Models, asked: Asked) -> None:
        self._graph, self._models, self._asked = graph, models, asked

    @property
    def routes(self) -> list[Route]:
        """Every path of it."""
        return [Route(f"/ensembles/{self._graph.name}/predict", self.predict, methods=["POST"])]

    async def predict(self, request: Request) -> Response:
        """Files in, objects with their classes out, and who said so."""
        caller = key(request)
        first, second = (self._models.named(one.model) for one in (self._graph.detector, self._graph.classifier))
        with first.lease(key=caller) as detector, second.lease(key=caller) as classifier:
            request.state.engine = detector
            _refuse_other_kinds(detector, classifier)
            found = await self._asked(request, detector, partial(self._answers, classifier))
            body = {
                "ensemble": self._graph.name,
                "models": [_who(detector), _who(classifier)],
                "answers": [one.model_dump(mode="json") for one in found],
            }
            return Response(await asyncio.to_thread(canonical_json, body) + "\n", media_type="application/json")

    async def _answers(self, classifier: Engine, detector: Engine, upload: Upload, _: Any) -> list[Answer]:
        if upload.array is not None:
            raise RequestError(415, "content_type", "an ensemble takes image files; send a form, or an image body")
        options = _options(detector, {**self._graph.detector.options, **upload.given})
        found = []
        for name, content in zip(upload.names, upload.contents, strict=True):
            (one,) = await detector.answers([content], options)
            if isinstance(one, DecodeError | BoundError):
                status, rule = (422, one.rule) if isinstance(one, BoundError) else (400, "decode")
                raise RequestError(status, rule, f"{name}: {one}", name)
            if isinstance(one, Exception):
                raise one
            pixels = await asyncio.to_thread(detector.runtime.admit, content)
            found.append(await self._classified(classifier, one, pixels))
        return found

    async def _classified(self, classifier: Engine, answer: Any, pixels: NDArray[np.uint8]) -> Answer:
        crops = [_crop(pixels, one.box, self._graph.margin) for one in answer.objects]
        options = _options(classifier, self._graph.classifier.options)
        said = await classifier.answers(crops, options) if crops else []
        objects = tuple(_object(one, each) for one, each in zip(answer.objects, said, strict=True))
        return Answer(width=answer.width, height=answer.height, threshold=answer.threshold, objects=objects)


def _object(one: DetectedObject, said: Any) -> ClassifiedObject:
    if isinstance(said, Exception) and not isinstance(said, DecodeError | BoundError):
        raise said
    what = {"refused": str(said)} if isinstance(said, Exception) else {"classified": said}
    return ClassifiedObject(label=one.label, score=one.score, box=one.box, **what)


def _crop(pixels: NDArray[np.uint8], box: Box, margin: float) -> NDArray[np.uint8]:
    """The object's pixels, at least one."""
    height, width = pixels.shape[:2]
    across, down = margin * (box.x_max - box.x_min), margin * (box.y_max - box.y_min)
    left, right = _span(box.x_min - across, box.x_max + across, width)
    top, bottom = _span(box.y_min - down, box.y_max + down, height)
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    first = min(max(int(np.floor(low)), 0), size - 1)
    return first, max(min(int(np.ceil(high)), size), first + 1)


def _refuse_other_kinds(detector: Engine, classifier: Engine) -> None:
    kinds = detector.runtime.contract.kind, classifier.runtime.contract.kind
    listens = classifier.runtime.contract.modality != "image"
    if kinds[0] not in DETECTORS or kinds[1] != "classification" or listens:
        raise RequestError(
            503, "ensemble", f"the ensemble is of {kinds[0]} and {kinds[1]}; a detector and a classifier of images"
        )


def _options(engine: Engine, given: Any) -> Any:
    try:
        return read_options(engine.runtime.kind, engine.runtime.contract, given)
    except OptionError as error:
        raise RequestError(422, error.name, str(error)) from None


def _who(engine: Engine) -> dict[str, str]:
    assert engine.identity is not None
    identity = engine.identity
    return {"name": identity.name, "version": identity.version, "lineage": str(identity.lineage.digest)}


def refuse_unserved(graph: Graph, names: Sequence[str]) -> None:
    """Hold the file to the models that are served.

    Raises:
        UsageError: it names another.
    """
    for step in (graph.detector, graph.classifier):
        if step.model not in names:
            raise UsageError(f"the ensemble {graph.name} needs {step.model}, which is not served here; deploy it too")
