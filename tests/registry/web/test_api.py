"""The API over HTTP: the same acts and roles as the pages, in JSON; an error is one line."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Response

from registry import review, sessions, users
from registry.records import Record
from tatara.core.errors import RefusedError, UsageError
from tests.registry.cases import NAME, checked, evidence, new_version, packaged
from tests.registry.web.visiting import visitor

AT = f"/api/v1/models/{NAME}/versions"


@pytest.fixture
def version(people: Path) -> str:
    """One that waits for review."""
    made = new_version()
    checked(evidence(version=made))
    return made


def call(app: FastAPI, name: str, method: str, path: str, body: Any = None) -> Response:
    headers = {"Authorization": f"Bearer {sessions.token('root', name)}"}
    return visitor(app).request(method, path, json=body, headers=headers)


def test_a_version_goes_from_review_to_serving_and_back(app: FastAPI, version: str) -> None:
    waiting = call(app, "bob", "GET", "/api/v1/versions").json()
    assert {"name": NAME, "version": version, "waits_for_me": True}.items() <= waiting[0].items()
    record = Record.model_validate(call(app, "vera", "GET", f"{AT}/{version}").json())
    assert record == review.record(NAME, version, "vera")
    assert call(app, "anna", "GET", f"{AT}/{version}/checks").json()[0]["policy"] == "default"
    assert (
        call(app, "anna", "POST", f"{AT}/{version}/comment", {"text": "hello"}).json()["comments"][0]["text"] == "hello"
    )
    assert (
        call(app, "bob", "POST", f"{AT}/{version}/changes", {"reason": "why?"}).json()["summary"]["state"] == "checked"
    )
    assert call(app, "anna", "POST", f"{AT}/{version}/submit", {}).json()["summary"]["state"] == "in_review"
    assert (
        call(app, "bob", "POST", f"{AT}/{version}/approve", {"reason": "good"}).json()["summary"]["state"] == "approved"
    )
    packaged(version)
    assert call(app, "olga", "POST", f"{AT}/{version}/promote", {"role": "champion"}).json()["version"] == version
    assert call(app, "vera", "GET", f"/api/v1/models/{NAME}").json()["champion"] == version
    log = call(app, "vera", "GET", "/api/v1/audit?newest=9").json()
    assert [one["act"] for one in log if one["version"] == version][:2] == ["promote", "approve"]
    assert call(app, "vera", "GET", "/api/v1/audit/verified").json()["problems"] == []


def test_errors_are_one_line_of_json(app: FastAPI, version: str) -> None:
    answers = {
        404: call(app, "vera", "GET", f"{AT}/9999"),
        403: call(app, "anna", "POST", f"{AT}/{version}/approve", {"reason": "mine"}),
        409: call(app, "olga", "POST", f"{AT}/{version}/promote", {}),
        422: call(app, "bob", "POST", f"{AT}/{version}/approve", {"reason": ""}),
        401: visitor(app).get(f"{AT}/{version}"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert list(answer.json()) == ["error"]
        assert "\n" not in answer.json()["error"]
    assert answers[401].headers["www-authenticate"] == "Bearer"
    assert call(app, "bob", "POST", f"{AT}/{version}/approve", {"reason": "x", "more": 1}).status_code == 422
    assert call(app, "bob", "POST", f"{AT}/{version}/approve", {"reason": "x" * 20_000}).status_code == 422


def test_an_author_with_a_reviewers_token_cannot_approve_his_own(app: FastAPI) -> None:
    version = new_version("carl")
    checked(evidence(version=version), "carl")
    answer = call(app, "carl", "POST", f"{AT}/{version}/approve", {"reason": "mine"})
    assert (answer.status_code, "author" in answer.json()["error"]) == (409, True)


def test_the_description_names_every_call_and_the_token(app: FastAPI, people: Path) -> None:
    found = call(app, "vera", "GET", "/api/openapi.json").json()
    here = {route.path for route in app.routes if route.path.startswith("/api/v1/")}
    assert set(found["paths"]) == here
    assert found["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
    assert "Summary" in found["components"]["schemas"]


def test_tokens_are_the_users_own_end_when_they_should_and_are_on_the_record(app: FastAPI, people: Path) -> None:
    users.add("root", "iris", "viewer")
    made = {"Authorization": f"Bearer {sessions.token('iris', 'iris', days=1)}"}
    assert visitor(app).get("/api/v1/versions", headers=made).status_code == 200
    with pytest.raises(RefusedError, match="an admin's to make"):
        sessions.token("bob", "iris")
    with pytest.raises(UsageError, match="1 to 366"):
        sessions.token("iris", "iris", days=0)
    assert sessions.revoke("iris", "iris") == 1
    assert visitor(app).get("/api/v1/versions", headers=made).status_code == 401
    made = {"Authorization": f"Bearer {sessions.token('root', 'iris')}"}
    users.remove("root", "iris")
    assert visitor(app).get("/api/v1/versions", headers=made).status_code == 401
    acts = [one.act for one in review.audit.acts(newest=4)]
    assert acts == ["user_removed", "token_made", "tokens_revoked", "token_made"]
