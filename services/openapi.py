"""The description of the HTTP surface, from the types that it answers with."""

from typing import Any

from services.engine import Engine


def openapi(engine: Engine) -> dict[str, Any]:
    return {}
