"""Who may use what: every route of the application, every role, no exemption."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from registry import sessions
from registry.states import ROLES
from registry.web.app import build_app
from registry.web.guard import AnyoneLooks, Calls, Looks, ViewerLooks, declared
from registry.web.settings import Settings
from registry.web.visitor import Visitor
from tests.registry.web.visiting import send, token, visitor

AT = "/models/{name}/versions/{version}"
TAKES: dict[tuple[str, str], str | None] = {
    ("GET", "/static/{name}"): None,
    ("GET", "/healthz"): None,
    ("GET", "/sign-in"): None,
    ("POST", "/sign-in"): None,
    ("GET", "/link/{token}"): None,
    ("POST", "/link/{token}"): None,
    ("POST", "/sign-out"): "viewer",
    ("GET", "/"): "viewer",
    ("GET", "/versions"): "viewer",
    ("GET", "/versions.csv"): "viewer",
    ("GET", "/models/{name}"): "viewer",
    ("GET", AT): "viewer",
    ("GET", AT + "/pictures/{path:path}"): "viewer",
    ("GET", "/audit"): "viewer",
    ("GET", "/audit.csv"): "viewer",
    ("POST", AT + "/submit"): "data_scientist",
    ("POST", AT + "/comment"): "data_scientist",
    ("POST", AT + "/card/{section}"): "data_scientist",
    ("POST", AT + "/approve"): "reviewer",
    ("POST", AT + "/reject"): "reviewer",
    ("POST", AT + "/changes"): "reviewer",
    ("POST", AT + "/champion"): "operator",
    ("POST", AT + "/canary"): "operator",
    ("POST", AT + "/rollback"): "operator",
    ("POST", AT + "/withdraw"): "operator",
    ("POST", AT + "/retire"): "operator",
    ("GET", "/users"): "admin",
    ("POST", "/users"): "admin",
    ("POST", "/users/{name}/link"): "admin",
    ("POST", "/users/{name}/role"): "admin",
    ("POST", "/users/{name}/remove"): "admin",
    ("GET", "/api/openapi.json"): "viewer",
    ("GET", "/api/v1/versions"): "viewer",
    ("GET", "/api/v1/models/{name}"): "viewer",
    ("GET", "/api/v1" + AT): "viewer",
    ("GET", "/api/v1" + AT + "/checks"): "viewer",
    ("GET", "/api/v1" + AT + "/card"): "viewer",
    ("PUT", "/api/v1" + AT + "/card/{section}"): "data_scientist",
    ("POST", "/api/v1" + AT + "/submit"): "data_scientist",
    ("POST", "/api/v1" + AT + "/comment"): "data_scientist",
    ("POST", "/api/v1" + AT + "/approve"): "reviewer",
    ("POST", "/api/v1" + AT + "/reject"): "reviewer",
    ("POST", "/api/v1" + AT + "/changes"): "reviewer",
    ("POST", "/api/v1" + AT + "/promote"): "operator",
    ("POST", "/api/v1" + AT + "/rollback"): "operator",
    ("POST", "/api/v1" + AT + "/withdraw"): "operator",
    ("POST", "/api/v1" + AT + "/retire"): "operator",
    ("GET", "/api/v1/reconciled"): "viewer",
    ("GET", "/api/v1/audit"): "viewer",
    ("GET", "/api/v1/audit/verified"): "viewer",
}
"""What the page promises, written down apart from the code that keeps it."""
WHO = {"vera": "viewer", "anna": "data_scientist", "bob": "reviewer", "olga": "operator", "root": "admin"}


def test_the_routes_of_the_application_are_these_with_these_roles(app: FastAPI) -> None:
    found = {(method, route.path): declared(route).least for route in app.routes for method in route.methods}
    assert found == TAKES


@pytest.mark.parametrize("name", [None, *WHO])
def test_every_route_lets_in_who_has_the_role_and_nobody_else(app: FastAPI, name: str | None) -> None:
    client = visitor(app, name)
    bearer = {"Authorization": f"Bearer {sessions.token('root', name)}"} if name else {}
    csrf = token(client)
    for (method, path), least in TAKES.items():
        if path == "/sign-out":
            continue  # last, below
        url = path.replace(":path", "").format(
            name="nothing", version="1", token="x" * 20, path="check/data_changes.png", section="limits"
        )
        api, body = path.startswith("/api/"), {"text": "x"} if path.endswith(("/comment", "/{section}")) else {}
        response = client.request(
            method, url, headers=bearer if api else {}, data=None if api else {"csrf": csrf},
            json=body if api and method != "GET" else None,
        )  # fmt: skip
        status, what = response.status_code, f"{method} {path} by {name}: {response.status_code}"
        if least is None or (name is not None and ROLES.index(WHO[name]) >= ROLES.index(least)):  # type: ignore[arg-type]
            assert status not in (403, 405), what
            assert status != 401 or path == "/sign-in", what
            assert not response.headers.get("location", "").startswith("/sign-in?"), what
        elif name is None and method == "GET" and not api:
            assert (status, response.headers["location"].split("?")[0]) == (303, "/sign-in"), what
        else:
            assert status == (401 if name is None else 403), what
    assert client.post("/sign-out", data={"csrf": csrf}).status_code == (401 if name is None else 303)


def test_no_form_is_taken_without_the_token_of_its_visitor(app: FastAPI) -> None:
    root, other = visitor(app, "root"), visitor(app, "carl")
    forged = (None, "", "0" * 64, token(other))
    for method, path in TAKES:
        if method == "POST" and not path.startswith("/api/"):
            url = path.format(name="vera", version="1", token="x", section="limits")
            for csrf in forged:
                assert root.post(url, data={} if csrf is None else {"csrf": csrf}).status_code == 403, (path, csrf)


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.invalid"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_from_another_site_is_refused_even_with_the_right_token(app: FastAPI, headers: dict[str, str]) -> None:
    client = visitor(app, "root")
    fine = {"csrf": token(client), "name": f"new{len(str(headers))}", "role": "viewer"}
    assert client.post("/users", data=fine, headers=headers).status_code == 403
    assert client.post("/users", data=fine, headers={"Origin": "http://127.0.0.1:8300"}).status_code == 200


def test_cookies_are_worth_nothing_to_the_api_and_tokens_nothing_to_the_pages(app: FastAPI) -> None:
    assert visitor(app, "root").get("/api/v1/versions").status_code == 401
    made = {"Authorization": f"Bearer {sessions.token('root', 'root')}"}
    assert visitor(app).get("/api/v1/versions", headers=made).status_code == 200
    assert visitor(app).get("/", headers=made).status_code == 303
    assert (
        visitor(app).get("/api/v1/versions", headers={"Authorization": f"Bearer {sessions.begin('root')}"}).status_code
        == 401
    )


def _route(endpoint: Any, path: str, *methods: str) -> APIRoute:
    return APIRoute(path, endpoint, methods=list(methods))


def test_a_route_that_declares_nothing_two_things_or_the_wrong_thing_is_never_served(people: Path) -> None:
    def nothing() -> None: ...

    def two(one: ViewerLooks, other: AnyoneLooks) -> None: ...

    def looks(visitor: ViewerLooks) -> None: ...

    def anyone(visitor: AnyoneLooks) -> None: ...

    def calls(visitor: Annotated[Visitor, Depends(Calls("viewer"))]) -> None: ...

    assert isinstance(declared(_route(looks, "/x", "GET")), Looks)
    wrong = [_route(nothing, "/x", "GET"), _route(two, "/x", "GET"), _route(looks, "/x", "POST"),
             _route(anyone, "/x", "GET"), _route(calls, "/x", "GET"), _route(looks, "/api/x", "GET")]  # fmt: skip
    for route in wrong:
        with pytest.raises(AssertionError):
            declared(route)


def test_the_documentation_pages_that_load_from_elsewhere_are_not_there(app: FastAPI) -> None:
    client = visitor(app, "root")
    assert [client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404, 404, 404]
    assert build_app(Settings()).docs_url is None


def test_forms_are_sent(app: FastAPI) -> None:
    assert send(visitor(app, "root"), "/users", name="dora", role="viewer").status_code == 200
