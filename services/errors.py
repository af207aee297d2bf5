"""An answer that says no: one JSON line with the rule that refused."""

from starlette.responses import Response

from tatara.core.files import canonical_json


class RequestError(Exception):
    """A request that gets no answer.

    Attributes:
        status: of HTTP, 4xx or 503.
        rule: short name of what refused, a bound's name for a broken bound.
        file: name of the file at fault, where the request has several.
    """

    def __init__(self, status: int, rule: str, message: str, file: str | None = None) -> None:
        super().__init__(message)
        self.status, self.rule, self.file = status, rule, file


def error_response(error: RequestError, headers: dict[str, str] | None = None) -> Response:
    """``{"error", "rule"[, "file"]}`` in one line."""
    body = {"error": str(error), "rule": error.rule} | ({"file": error.file} if error.file is not None else {})
    return Response(canonical_json(body) + "\n", error.status, headers, media_type="application/json")
