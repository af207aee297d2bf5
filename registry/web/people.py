"""The admin's page of users: who there is, with which role, and one-time links."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from registry import users
from registry.states import ROLES
from registry.web.errors import status_of
from registry.web.guard import AdminDoes, AdminLooks
from registry.web.rendering import page, say
from registry.web.visitor import Visitor
from tatara.core.errors import TataraError

router = APIRouter(prefix="/users")
Name = Annotated[str, Form(max_length=128)]


@router.get("")
def everyone(request: Request, visitor: AdminLooks) -> Response:
    """All of them."""
    return _page(request, visitor)


@router.post("")
def add(request: Request, visitor: AdminDoes, name: Name = "", role: Name = "viewer") -> Response:
    """Make one, who gets a link."""

    def do() -> str:
        made = users.add(visitor.name, name, role)  # type: ignore[arg-type]  # it refuses what is no role
        return made.name

    try:
        return _with_link(request, visitor, do())
    except TataraError as error:
        return _page(request, visitor, status_of(error), error=str(error))


@router.post("/{name}/link")
def link(request: Request, visitor: AdminDoes, name: str) -> Response:
    """A one-time link, shown once."""
    try:
        return _with_link(request, visitor, name)
    except TataraError as error:
        return _page(request, visitor, status_of(error), error=str(error))


@router.post("/{name}/role")
def change_role(request: Request, visitor: AdminDoes, name: str, role: Name = "") -> Response:
    """Another role."""

    def do() -> None:
        users.change_role(visitor.name, name, role)  # type: ignore[arg-type]  # it refuses what is no role

    return _do(request, visitor, do, f"{name} is {role.replace('_', ' ')} now.")


@router.post("/{name}/remove")
def remove(request: Request, visitor: AdminDoes, name: str) -> Response:
    """What he did stays in the log."""
    return _do(request, visitor, lambda: users.remove(visitor.name, name), f"{name} is removed.")


def _do(request: Request, visitor: Visitor, do: Callable[[], None], done: str) -> Response:
    try:
        do()
    except TataraError as error:
        return _page(request, visitor, status_of(error), error=str(error))
    response = RedirectResponse("/users", 303)
    say(request, response, done)
    return response


def _with_link(request: Request, visitor: Visitor, name: str) -> Response:
    token = users.link(visitor.name, name)
    return _page(request, visitor, link=f"{request.app.state.settings.url}/link/{token}", linked=name)


def _page(request: Request, visitor: Visitor, status: int = 200, **values: object) -> Response:
    shown = {"everyone": users.everyone(), "roles": ROLES, "link": None, "linked": None}
    return page(request, visitor, "users.html", status, **{**shown, **values})
