"""Templates: everything that is put in is escaped, and what is missing is an error."""

import json
import secrets
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from registry.card.prose import LONGEST
from registry.sessions import HOURS
from registry.web import card, words
from registry.web.visitor import SESSION, VISIT, Visitor, cookie, token

FOLDER = Path(__file__).parent
SAID = "tatara_said"
"""The cookie that carries what was done to the next page."""


@cache
def environment() -> Environment:
    """Jinja's, with the words of `registry.web.words` as filters."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    for name in (
        "plain",
        "safe",
        "gist",
        "did",
        "ago",
        "date",
        "number",
        "percent",
        "points",
        "signed",
        "size",
        "short",
    ):
        made.filters[name] = getattr(words, name)
    made.filters |= {"blocks": card.blocks, "columns": card.columns, "folded": card.folded}
    made.filters["part"] = lambda text: quote(str(text), safe="")
    made.filters["query"] = lambda given: urlencode({key: value for key, value in given.items() if value})
    made.filters["prefixed"] = lambda query, path: f"{path}?{query}" if query else path
    made.globals |= {"place": place, "longest": LONGEST}
    return made


def place(name: str, version: str | None = None) -> str:
    """Where a model's or a version's page is."""
    model = f"/models/{quote(name, safe='')}"
    return model if version is None else f"{model}/versions/{quote(version, safe='')}"


def page(
    request: Request, visitor: Visitor | None, template: str, status: int = 200, **values: Any
) -> HTMLResponse:  # fmt: skip
    """A page for a visitor, its forms tied to his visit; what was just done is said on it once."""
    settings, visit = request.app.state.settings, None
    if visitor is not None and not visitor.csrf:
        visit = secrets.token_urlsafe(24)
        visitor = replace(visitor, csrf=token(visit, request.cookies.get(cookie(settings, SESSION), "")))
    said = _said(request.cookies.get(cookie(settings, SAID), ""))
    shown = {"visitor": visitor, "mlflow": settings.mlflow, "path": request.url.path, "said": said, "error": None}
    response = HTMLResponse(environment().get_template(template).render({**shown, **values}), status)
    if visit is not None:
        keep(request, response, VISIT, visit)
    if said:
        response.delete_cookie(cookie(settings, SAID), secure=settings.secure, httponly=True, samesite="lax")
    return response


def keep(request: Request, response: Response, name: str, value: str) -> None:
    """Set a cookie for as long as a session lasts; scripts do not see it, and other sites do not send it."""
    settings = request.app.state.settings
    seconds = HOURS * 3600
    response.set_cookie(
        cookie(settings, name), value, max_age=seconds, httponly=True, samesite="lax", secure=settings.secure
    )


def say(request: Request, response: Any, text: str) -> None:
    """Let the next page say ``text``."""
    settings = request.app.state.settings
    response.set_cookie(
        cookie(settings, SAID), quote(json.dumps(text[:300])), max_age=60, httponly=True, samesite="lax",
        secure=settings.secure,
    )  # fmt: skip


def _said(given: str) -> str | None:
    try:
        text = json.loads(unquote(given)) if given else None
    except ValueError:
        return None
    return text[:300] if isinstance(text, str) else None
