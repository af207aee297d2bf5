"""Visitors of the pages: signed in, with the token that their forms carry."""

import re

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from registry import sessions
from registry.web.visitor import SESSION

BASE = "http://127.0.0.1:8300"
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


def visitor(app: FastAPI, name: str | None = None) -> TestClient:
    """A browser without scripts, in which ``name`` is signed in."""
    client = TestClient(app, base_url=BASE, follow_redirects=False, raise_server_exceptions=False)
    if name is not None:
        client.cookies.set(SESSION, sessions.begin(name))
    return client


def token(client: TestClient) -> str:
    """What this visitor's forms carry now."""
    found = [_CSRF.search(client.get(path).text) for path in ("/audit", "/sign-in", "/users")]
    return next(one[1] for one in found if one is not None)


def send(client: TestClient, path: str, **form: str) -> Response:
    """A form that belongs to the visitor."""
    return client.post(path, data={"csrf": token(client), **form})
