"""The description of the deployments' paths."""

from collections.abc import Callable
from typing import Any

from services.rollout.surface import MOST_ANSWERS

Describe = Callable[..., dict[str, Any]]
FEEDBACK = {
    "type": "object",
    "required": ["request_id", "answers"],
    "properties": {
        "request_id": {
            "type": "string",
            "minLength": 1,
            "maxLength": 128,
            "description": "X-Request-ID of the answered request",
        },
        "answers": {
            "type": "array",
            "items": {"type": ["object", "null"]},
            "minItems": 1,
            "maxItems": MOST_ANSWERS,
            "description": "what the answer to each file should have been, null where that is not known",
        },
        "model": {"type": "string", "description": "registered name; the first model by default"},
    },
}
REFUSED = ("400", "401", "404", "413", "422", "429", "431")


def paths(describe: Describe) -> dict[str, Any]:
    """Path -> operations.

    Args:
        describe: summary, schema of the answer and statuses of refusals -> an operation.
    """
    counted = {"type": "object", "required": ["counted"], "properties": {"counted": {"type": "boolean"}}}
    feedback = describe("Labels for what was answered; they count where a version is tried", counted, REFUSED)
    return {
        "/feedback": {
            "post": feedback
            | {
                "operationId": "feedback",
                "requestBody": {"required": True, "content": {"application/json": {"schema": FEEDBACK}}},
            }
        },
        "/deployments.json": {"get": describe("What serves, what is tried, and what happened", {"type": "object"})},
        "/deployments": {"get": describe("The same as a page", None)},
    }
