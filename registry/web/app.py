"""The application: routes that declare who may use them, behind checks that every request passes."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import FileResponse, PlainTextResponse, Response

from registry.web import api, deciding, errors, people, reading, signing_in
from registry.web.guard import AnyoneLooks, declared
from registry.web.headers import Cap, Headers
from registry.web.limits import Attempts
from registry.web.settings import Settings
from tatara.core.errors import UsageError

STATIC = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
router = APIRouter()


@router.get("/static/{name}")
def static(visitor: AnyoneLooks, name: str) -> Response:
    """Style, script and sign of the pages."""
    path = STATIC / name
    if path.parent != STATIC or path.suffix not in TYPES or not path.is_file():
        raise UsageError(f"the registry knows no file {name[:80]!r}")
    return FileResponse(path, media_type=TYPES[path.suffix], headers={"Cache-Control": "no-cache"})


@router.get("/healthz")
def health(visitor: AnyoneLooks) -> Response:
    """The process is alive."""
    return PlainTextResponse("alive\n")


def build_app(settings: Settings) -> FastAPI:
    """The application of one server; FastAPI's own documentation pages, which load from elsewhere, are not in it.

    Raises:
        AssertionError: a route does not declare who may use it.
    """
    app = FastAPI(title="Tatara review", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.settings, app.state.attempts = settings, Attempts()
    for part in (router, signing_in.router, reading.router, deciding.router, people.router, api.router, api.described):
        for route in part.routes:
            assert isinstance(route, APIRoute)
            app.add_api_route(
                route.path, route.endpoint, methods=sorted(route.methods or ()), response_model=route.response_model,
                responses=route.responses,
            )  # fmt: skip
    for route in app.routes:
        declared(route)
    errors.handle(app)
    app.add_middleware(Cap)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=settings.allowed_hosts, www_redirect=False)
    app.add_middleware(Headers, secure=settings.secure)
    return app
