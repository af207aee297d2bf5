"""An answer that says no: one JSON line with the rule that refused, as problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from tatara.core.files import canonical_json

PROBLEM = "application/problem+json"
LATER = (429, 503)
"""Statuses after which the same request may be sent again."""


class RequestError(Exception):
    """A request that gets no answer.

    Attributes:
        status: of HTTP, 4xx or 503.
        rule: short name of what refused, a bound's name for a broken bound.
        file: name of the file at fault, where the request has several.
        headers: that the answer has besides.
    """

    def __init__(
        self, status: int, rule: str, message: str, file: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.rule, self.file = status, rule, file
        self.headers = ({"Retry-After": "1"} if status in LATER else {}) | (headers or {})


def problem(error: RequestError) -> dict[str, Any]:
    """The members of RFC 9457, with ``error`` (the ``detail``), ``rule`` and, of several files, the ``file``."""
    found = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": str(error),
        "error": str(error),
        "rule": error.rule,
    }
    return found | ({"file": error.file} if error.file is not None else {})


def error_response(error: RequestError, inference: bool = False) -> Response:
    """The refusal in one line.

    Args:
        error: what refused.
        inference: in the form of the Open Inference Protocol, ``{"error"}``, which its clients read.
    """
    if inference:
        body, media_type = {"error": f"{error.rule}: {error}"}, "application/json"
    else:
        body, media_type = problem(error), PROBLEM
    return Response(canonical_json(body) + "\n", error.status, error.headers, media_type=media_type)
