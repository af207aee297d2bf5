"""Signing in with a password, setting one by a one-time link, and signing out."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from registry import sessions, users
from registry.records import User
from registry.web.guard import AnyoneDoes, AnyoneLooks, ViewerDoes
from registry.web.limits import Attempts
from registry.web.rendering import keep, page, say
from registry.web.visitor import SESSION, VISIT, came_from, cookie
from tatara.core.errors import TataraError

router = APIRouter()
Name = Annotated[str, Form(max_length=128)]
Password = Annotated[str, Form(max_length=4096)]


@router.get("/sign-in")
def sign_in_page(request: Request, visitor: AnyoneLooks, back: str = "/") -> Response:
    """The form; whoever is signed in goes on."""
    if visitor.user is not None:
        return RedirectResponse(_local(back), 303)
    return page(request, visitor, "sign_in.html", back=_local(back), name="")


@router.post("/sign-in")
def sign_in(
    request: Request, visitor: AnyoneDoes, name: Name = "", password: Password = "", back: Name = "/"
) -> Response:  # fmt: skip
    """Begin a session, or say that name and password do not belong together."""
    attempts: Attempts = request.app.state.attempts
    address, known_as = came_from(request), name.strip().lower()
    attempts.begin(address, known_as)
    with attempts.hashing:
        found = users.authenticate(name, password)
    if found is None:
        error = "Name and password do not belong together."
        return page(request, visitor, "sign_in.html", 401, back=_local(back), name=name, error=error)
    attempts.succeeded(address, known_as)
    return _begin(request, found, _local(back))


@router.get("/link/{token}")
def link_page(request: Request, visitor: AnyoneLooks, token: str) -> Response:
    """Choose a password; looking does not use the link up."""
    found = sessions.invited(token)
    if found is None:
        error = "This link was used, is too old, or never was one. An admin makes a new one."
        return page(request, visitor, "sign_in.html", 404, back="/", name="", error=error)
    return page(request, visitor, "link.html", token=token, invited=found)


@router.post("/link/{token}")
def use_link(
    request: Request, visitor: AnyoneDoes, token: str, password: Password = "", again: Password = ""
) -> Response:  # fmt: skip
    """Set the password, and begin a session."""
    address = came_from(request)
    request.app.state.attempts.begin(address, "")
    found = sessions.invited(token)
    try:
        if password != again:
            raise TataraError("the two passwords differ")
        with request.app.state.attempts.hashing:
            user = users.redeem(token, password)
    except TataraError as error:
        if found is None:
            return page(request, visitor, "sign_in.html", 404, back="/", name="", error=str(error))
        return page(request, visitor, "link.html", 422, token=token, invited=found, error=str(error))
    request.app.state.attempts.succeeded(address, "")
    return _begin(request, user, "/")


@router.post("/sign-out")
def sign_out(request: Request, visitor: ViewerDoes) -> Response:
    """End the session."""
    name = cookie(request.app.state.settings, SESSION)
    sessions.end(request.cookies.get(name, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(name, secure=request.app.state.settings.secure, httponly=True, samesite="lax")
    say(request, response, "You are signed out.")
    return response


def _begin(request: Request, user: User, back: str) -> Response:
    """A new session, and a new visit with it: nothing that was known before is worth anything after."""
    response = RedirectResponse(back, 303)
    keep(request, response, SESSION, sessions.begin(user.name))
    keep(request, response, VISIT, secrets.token_urlsafe(24))
    return response


def _local(back: str) -> str:
    """A place on this server, never another one's."""
    fine = back.startswith("/") and not back.startswith(("//", "/\\")) and "\\" not in back and back.isprintable()
    return back if fine else "/"
