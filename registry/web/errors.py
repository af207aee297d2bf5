"""Errors in one line: a small page for people, one JSON object for programs."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from registry.web.guard import SignInFirstError
from registry.web.rendering import page
from registry.web.visitor import Visitor, of_page
from registry.words import harmless
from tatara.core.errors import RefusedError, TataraError, UsageError

_ABSENT = ("the registry knows no", "no user", "no picture", "MLflow's registry has no")
"""How the errors begin that say that something does not exist."""
_NAMES = {401: "Sign in first", 403: "Not yours to do", 404: "Not here", 409: "Not possible now", 429: "Too many tries"}


def status_of(error: TataraError) -> int:
    """409 where the registry refused, 404 where there is no such thing, 500 where something failed."""
    if isinstance(error, UsageError):
        return 404 if str(error).startswith(_ABSENT) else 422
    return 409 if isinstance(error, RefusedError) else 500


def handle(app: FastAPI) -> None:
    """Answer every error in its own way."""
    app.add_exception_handler(SignInFirstError, _to_sign_in)
    app.add_exception_handler(TataraError, _tatara)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unexpected)


def _to_sign_in(request: Request, error: Any) -> Response:
    from urllib.parse import urlencode

    return RedirectResponse(f"/sign-in?{urlencode({'back': error.back})}", 303)


def _tatara(request: Request, error: Any) -> Response:
    return _told(request, status_of(error), str(error))


def _http(request: Request, error: Any) -> Response:
    text = f"nothing is at {request.url.path[:200]}" if error.status_code == 404 else str(error.detail)
    return _told(request, error.status_code, text, error.headers)


def _invalid(request: Request, error: Any) -> Response:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return _told(request, 422, f"{where or 'the request'}: {first['msg']}")


def _unexpected(request: Request, error: Any) -> Response:
    return _told(request, 500, "something failed here; the server's output says what")


def _told(request: Request, status: int, text: str, headers: Any = None) -> Response:
    line = " ".join(harmless(text).split())
    if request.url.path.startswith("/api/"):
        more = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
        return JSONResponse({"error": line}, status, {**(headers or {}), **more})
    response = page(
        request, _visitor(request), "error.html", status, title=_NAMES.get(status, "That did not work"), text=line
    )
    response.headers.update(headers or {})
    return response


def _visitor(request: Request) -> Visitor | None:
    """For the page's head; an error while looking is none of this page's business."""
    try:
        return of_page(request)
    except TataraError:
        return None
