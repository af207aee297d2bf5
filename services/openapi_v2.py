"""The description of the Open Inference Protocol's paths."""

from collections.abc import Callable
from typing import Any

from services.limits import TIMEOUT
from services.v2_tensors import HEADER_LENGTH

Describe = Callable[..., dict[str, Any]]
NAME = {"type": "string", "minLength": 1}
TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype", "data"],
    "properties": {
        "name": {"type": "string", "enum": ["image"]},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "maxItems": 4},
        "datatype": {
            "type": "string",
            "enum": ["UINT8", "FP32", "BYTES"],
            "description": "pixels [rows, height, width, 3], prepared [rows, ...], or files [rows] in base64",
        },
        "parameters": {"type": "object"},
        "data": {"type": "array", "description": "flat or nested"},
    },
}
SCHEMAS: dict[str, Any] = {
    "InferenceError": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
    "InferenceRequest": {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object", "properties": {"binary_data_output": {"type": "boolean"}}},
            "inputs": {"type": "array", "items": TENSOR, "minItems": 1, "maxItems": 1},
            "outputs": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string"},
                        "parameters": {"type": "object", "properties": {"binary_data": {"type": "boolean"}}},
                    },
                },
            },
        },
    },
    "InferenceResponse": {
        "type": "object",
        "required": ["model_name", "model_version", "outputs"],
        "properties": {
            "model_name": NAME,
            "model_version": NAME,
            "id": {"type": "string"},
            "outputs": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "shape", "datatype"],
                    "properties": {
                        "name": NAME,
                        "shape": {"type": "array", "items": {"type": "integer"}},
                        "datatype": NAME,
                        "data": {"type": "array"},
                    },
                },
            },
        },
    },
}
OBJECT = {"type": "object"}
GOT = ("401", "404", "429", "431", "503")
INFERRED = ("400", "401", "404", "408", "413", "415", "422", "429", "431", "503")


def in_path(name: str, example: str) -> dict[str, Any]:
    """A parameter in the path."""
    return {"name": name, "in": "path", "required": True, "schema": NAME, "example": example}


def paths(model: str, version: str, describe: Describe) -> dict[str, Any]:
    """Path -> operations.

    Args:
        model, version: names that the server knows, as examples.
        describe: an operation that reads, from its summary, its answer's schema and the statuses that refuse it.
    """
    one, two = in_path("model", model), in_path("version", version)
    found: dict[str, Any] = {
        "/v2": {"get": _told(describe("The server's name, version and extensions", OBJECT))},
        "/v2/health/live": {"get": _told(describe("The process is alive", OBJECT, ("431",)))},
        "/v2/health/ready": {"get": _told(describe("The server takes requests", OBJECT, ("431", "503")))},
    }
    for path, parameters in (("/v2/models/{model}", [one]), ("/v2/models/{model}/versions/{version}", [one, two])):
        known = {"parameters": parameters}
        found[path] = {"get": _told(describe("Inputs and outputs, and the versions loaded", OBJECT, GOT))} | known
        found[f"{path}/ready"] = {"get": _told(describe("The model is ready", OBJECT, GOT))} | known
        found[f"{path}/infer"] = {"post": _told(_infer(describe))} | known
    return found


def _infer(describe: Describe) -> dict[str, Any]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    asked = {"application/json": {"schema": {"$ref": "#/components/schemas/InferenceRequest"}}}
    answered = {"application/json": {"schema": {"$ref": "#/components/schemas/InferenceResponse"}}}
    operation = describe("The model's finished answers, as tensors", None, INFERRED)
    operation["responses"]["200"]["content"] = answered | {"application/octet-stream": binary}
    return operation | {
        "parameters": [
            {
                "name": HEADER_LENGTH,
                "in": "header",
                "schema": {"type": "integer", "minimum": 0},
                "description": "bytes of JSON at the beginning of a body with binary tensors",
            },
            {"name": TIMEOUT, "in": "header", "schema": {"type": "number", "minimum": 0.001}},
        ],
        "requestBody": {"required": True, "content": asked | {"application/octet-stream": binary}},
    }


def _told(operation: dict[str, Any]) -> dict[str, Any]:
    """Refusals in the protocol's own form."""
    refusal = {"application/json": {"schema": {"$ref": "#/components/schemas/InferenceError"}}}
    for status, response in operation["responses"].items():
        if status != "200":
            response["content"] = refusal
    return operation
