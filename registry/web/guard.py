"""Who may use a route: declared in its signature, held to before its code runs, and checked when the app is built.

An endpoint takes exactly one of the annotations below. ``Looks...`` are pages that are read, ``Does...`` are forms that
are sent, which must carry the visitor's token, and ``Calls...`` are the API's.
"""

from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Form, HTTPException
from fastapi.routing import APIRoute
from starlette.requests import Request

from registry.records import Role
from registry.web.visitor import Visitor, meant, of_page, of_token

OPEN = ("/sign-in", "/link/{token}", "/static/{name}", "/healthz")
"""What somebody may use who has not signed in; nothing else."""


class SignInFirstError(Exception):
    """The page is for users; ``back`` is where to go on after signing in."""

    def __init__(self, back: str) -> None:
        super().__init__(back)
        self.back = back


class Looks:
    """A page that the role ``least`` may read; None for everybody."""

    def __init__(self, least: Role | None) -> None:
        self.least = least

    def __call__(self, request: Request) -> Visitor:
        """Hold the request to it."""
        visitor = of_page(request)
        if self.least is not None and visitor.user is None:
            query = f"?{request.url.query}" if request.url.query else ""
            raise SignInFirstError(quote(request.url.path) + query if request.method == "GET" else "/")
        _hold(self.least, visitor)
        return visitor


class Does:
    """A form that the role ``least`` may send; None for everybody."""

    def __init__(self, least: Role | None) -> None:
        self.least = least

    def __call__(self, request: Request, csrf: Annotated[str, Form(max_length=200)] = "") -> Visitor:
        """Hold the request to it; who it is from is known only once its token is right."""
        visitor = of_page(request)
        if self.least is not None and visitor.user is None:
            raise HTTPException(401, "sign in first, then send it again")
        if not meant(visitor, csrf) or not _same_site(request):
            raise HTTPException(403, "this form is from another visit; open the page anew and send it again")
        _hold(self.least, visitor)
        return visitor


class Calls:
    """A call of the API that the role ``least`` may make."""

    def __init__(self, least: Role) -> None:
        self.least = least

    def __call__(self, request: Request) -> Visitor:
        """Hold the request to it; cookies count for nothing here."""
        visitor = of_token(request)
        if visitor.user is None:
            raise HTTPException(401, "send Authorization: Bearer TOKEN; `tatara review users token NAME` makes one")
        _hold(self.least, visitor)
        return visitor


AnyoneLooks = Annotated[Visitor, Depends(Looks(None))]
ViewerLooks = Annotated[Visitor, Depends(Looks("viewer"))]
AdminLooks = Annotated[Visitor, Depends(Looks("admin"))]
AnyoneDoes = Annotated[Visitor, Depends(Does(None))]
ViewerDoes = Annotated[Visitor, Depends(Does("viewer"))]
DataScientistDoes = Annotated[Visitor, Depends(Does("data_scientist"))]
ReviewerDoes = Annotated[Visitor, Depends(Does("reviewer"))]
OperatorDoes = Annotated[Visitor, Depends(Does("operator"))]
AdminDoes = Annotated[Visitor, Depends(Does("admin"))]
ViewerCalls = Annotated[Visitor, Depends(Calls("viewer"))]
DataScientistCalls = Annotated[Visitor, Depends(Calls("data_scientist"))]
ReviewerCalls = Annotated[Visitor, Depends(Calls("reviewer"))]
OperatorCalls = Annotated[Visitor, Depends(Calls("operator"))]


def declared(route: Any) -> Looks | Does | Calls:
    """What a route declares.

    Raises:
        AssertionError: nothing, or more than one thing; something that reads for a form that is sent; or nobody in
            particular where `OPEN` does not list it.
    """
    assert isinstance(route, APIRoute), f"{route!r} is no route that can declare a role"
    found = [one.call for one in route.dependant.dependencies if isinstance(one.call, Looks | Does | Calls)]
    assert len(found) == 1, f"{route.path} declares {len(found)} roles, and has to declare one"
    guard = found[0]
    assert isinstance(guard, Calls) == route.path.startswith("/api/"), f"{route.path}: tokens are the API's"
    assert not isinstance(guard, Looks) or set(route.methods or ()) <= {"GET", "HEAD"}, (
        f"{route.path} acts without a token"
    )
    assert guard.least is not None or route.path in OPEN, f"{route.path} is open to everybody"
    return guard


def _hold(least: Role | None, visitor: Visitor) -> None:
    """Let him on, or say what it takes."""
    if least is not None and not visitor.may(least):
        is_now = visitor.user.role.replace("_", " ") if visitor.user else "nobody"
        raise HTTPException(403, f"this takes the role {least.replace('_', ' ')}, and {visitor.name} is {is_now}")


def _same_site(request: Request) -> bool:
    """Browsers say where a form was; what says nothing is no browser, and the token decides."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        return False
    return origin is None or urlsplit(origin).netloc in (
        request.headers.get("host"),
        urlsplit(request.app.state.settings.url).netloc,
    )
