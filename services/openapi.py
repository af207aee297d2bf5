"""The description of the HTTP surface, from the types that it answers with."""

from typing import Any

from pydantic import BaseModel, Field

from services import openapi_v2
from services.engine import Engine, Identity
from services.errors import PROBLEM
from services.limits import TIMEOUT
from services.rollout import described as rollout
from services.settings import Settings
from services.tensors import NPY, NPZ, RAW
from services.uploads import FIELD
from tatara.core.contract import Contract
from tatara.core.lineage import Chain

HEADERS = {
    "X-Tatara-Model": "registered name, percent-encoded",
    "X-Tatara-Version": "registered version, percent-encoded",
    "X-Tatara-Lineage": "SHA-256 that ends the chain from the training data to this model",
}
REFUSALS = {
    "400": "a file, a form or JSON cannot be read",
    "401": "no API key that holds, where the service asks for one",
    "404": "nothing there",
    "406": "the answer has several tensors, and a form was asked for that holds one",
    "408": "the body arrived too slowly, or the deadline that the request gave has passed",
    "413": "over a cap: bytes, pixels, samples, files, rows, or brackets in brackets",
    "415": "another content type, or a compressed body",
    "422": "a bound of the contract is broken (its name is `rule`), or a parameter is wrong",
    "429": "too many requests at once, or over the caller's rate; Retry-After says when to come again",
    "431": "address and headers are too long",
    "503": "not ready, too busy or about to end, with the reason; Retry-After says when to come again",
}
ASKED = tuple(status for status in REFUSALS if status != "404")
ALWAYS = ("401", "429", "431")

PREDICT, RENDER = "Answers to one file or many, in their order", "The example with its answer drawn, as a PNG"
JOINED = {"style": "form", "explode": False}
"""Of a parameter with several values: they stand in one text with commas between them."""


class ModelName(BaseModel):
    """The registered model that answers."""

    name: str
    version: str


class Refusal(BaseModel):
    """Why a request got no answer: problem details (RFC 9457)."""

    type: str = Field(description="about:blank: the rule says more")
    title: str = Field(description="of the status")
    status: int
    detail: str = Field(description="one line: what is wrong, where, and what to do")
    error: str = Field(description="the same line")
    rule: str = Field(description="short name of what refused; a bound's name for a broken bound")
    file: str | None = Field(None, description="the file at fault, where there are several")


def openapi(engine: Engine, identity: Identity) -> dict[str, Any]:
    """OpenAPI 3.1 of this engine's surface."""
    contract = engine.runtime.contract
    schemas: dict[str, Any] = {}
    answer = _schema(engine.runtime.kind.Answer, schemas)
    for model in (ModelName, Refusal, Contract, Chain):
        _schema(model, schemas)
    schemas |= openapi_v2.SCHEMAS
    schemas["Prediction"] = {
        "type": "object",
        "required": ["model", "answers"],
        "properties": {"model": _reference("ModelName"), "answers": {"type": "array", "items": answer}},
    }
    binary = {"type": "string", "format": "binary"}
    answers = {"application/json": {"schema": _reference("Prediction")}} | {
        form: {"schema": binary} for form in (NPY, NPZ, RAW)
    }
    return _secured(engine.settings) | {
        "openapi": "3.1.0",
        "info": {
            "title": identity.name,
            "version": identity.version,
            "description": f"{_what(contract)}. Every answer carries the digest of its lineage.",
        },
        "paths": openapi_v2.paths(identity.name, identity.version, _get)
        | rollout.paths(_get)
        | {
            "/predict": {"post": _ask(engine, "predict", PREDICT, engine.settings.max_files, answers)},
            "/render": {"post": _ask(engine, "render", RENDER, 1, {"image/png": {}})},
            "/lineage": {"get": _get("The chain from the training data to this model", _reference("Chain"))},
            "/model": {"get": _get("Name, version, lineage digest and contract", {"type": "object"})},
            "/healthz": {"get": _get("The process is alive", {"type": "object"}, ("431",))},
            "/livez": {"get": _get("The process is alive", {"type": "object"}, ("431",))},
            "/readyz": {
                "get": _get(
                    "Every model's golden cases have passed, and the service is not about to end",
                    {"type": "object"},
                    ("431", "503"),
                )
            },
            "/metrics": {"get": _get("Prometheus metrics", None)},
            "/openapi.json": {"get": _get("This description", {"type": "object"})},
            "/docs.json": {"get": _get("This description", {"type": "object"})},
            "/": {"get": _get("A page to drop files on", None)},
            "/page/{name}": {
                "get": _get("A file of the page", None, ("404", *ALWAYS))
                | {"parameters": [openapi_v2.in_path("name", "page.js")]}
            },
        },
        "components": {"schemas": schemas} | _schemes(engine.settings),
    }


def _what(contract: Contract) -> str:
    if not contract.labels:
        return f"{contract.modality.capitalize()} to {contract.kind}"
    return f"{contract.modality.capitalize()} {contract.kind}, {len(contract.labels)} classes"


def _secured(settings: Settings) -> dict[str, Any]:
    return {"security": [{"key": []}]} if settings.keys else {}


def _schemes(settings: Settings) -> dict[str, Any]:
    return {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}} if settings.keys else {}


def _ask(engine: Engine, name: str, summary: str, most: int, answer: dict[str, Any]) -> dict[str, Any]:
    """A path that takes files and the kind's parameters, in the query or in the form."""
    binary = {"type": "string", "format": "binary"}
    files = {"type": "array", "items": binary, "minItems": 1, "maxItems": most}
    options = _options(engine)
    form = {"type": "object", "required": [FIELD], "properties": {FIELD: files, **options}}
    operation, media = _get(summary, None, ASKED), f"{engine.runtime.modality.MEDIA}*"
    content = {kind: {"schema": binary} for kind in (media, "application/octet-stream", NPY, RAW)}
    operation["responses"]["200"]["content"] = answer
    return operation | {
        "operationId": name,
        "parameters": [
            {"name": option, "in": "query", "schema": schema, "description": schema.get("description", ""), **JOINED}
            for option, schema in options.items()
        ]
        + [deadline()],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": form, "encoding": {FIELD: {"contentType": media}}},
                **content,
            },
        },
    }


def _options(engine: Engine) -> dict[str, Any]:
    """Schema by parameter of the kind that is served; class names are the model's own."""
    found: dict[str, Any] = engine.runtime.kind.Options.model_json_schema()["properties"]
    if "classes" in found:
        found["classes"]["items"] = {"type": "string", "enum": list(engine.runtime.contract.labels)}
    return found


def deadline() -> dict[str, Any]:
    """The header with a request's deadline."""
    seconds = {"type": "number", "minimum": 0.001}
    return {
        "name": TIMEOUT,
        "in": "header",
        "schema": seconds,
        "description": "seconds after which no answer is of use",
    }


def _get(summary: str, schema: dict[str, Any] | None, refusals: tuple[str, ...] = ALWAYS) -> dict[str, Any]:
    headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()}
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    refusal = {"content": {PROBLEM: {"schema": _reference("Refusal")}}}
    answers = {"200": {"description": summary, "headers": headers, **content}}
    return {
        "summary": summary,
        "responses": answers | {status: {"description": REFUSALS[status], **refusal} for status in refusals},
    }


def _schema(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    """Put the model and what it refers to among ``schemas``; a reference to it."""
    found = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(found.pop("$defs", {}))
    schemas[model.__name__] = found
    return _reference(model.__name__)


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
