"""The API over HTTP: the same acts and roles as the pages, in JSON; an error is one line."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Response

from registry import review, sessions, users
from registry.card.prose import SECTIONS
from registry.records import Card, Record
from registry.store import client
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


def test_a_canary_is_withdrawn_and_a_version_retired(app: FastAPI, version: str) -> None:
    other = new_version()
    for one in (version, other):
        if one == other:
            checked(evidence(version=other))
        review.approve("bob", NAME, one, "good")
        packaged(one)
    assert call(app, "olga", "POST", f"{AT}/{version}/promote", {"role": "champion"}).status_code == 200
    assert call(app, "olga", "POST", f"{AT}/{other}/promote", {"role": "canary"}).json()["role"] == "canary"
    wrong = call(app, "olga", "POST", f"{AT}/{version}/withdraw", {"reason": "slow"})
    assert (wrong.status_code, f"is version {other}, not {version}" in wrong.json()["error"]) == (409, True)
    assert call(app, "olga", "POST", f"{AT}/{other}/withdraw", {"reason": "slow"}).json()["version"] is None
    retired = call(app, "olga", "POST", f"{AT}/{other}/retire", {"reason": "never again"}).json()
    assert retired["summary"]["state"] == "retired"
    assert call(app, "vera", "GET", "/api/v1/reconciled").json() == []
    client().set_registered_model_alias(NAME, "champion", other)
    (moved,) = call(app, "vera", "GET", "/api/v1/reconciled").json()
    assert (moved["what"], moved["should"], moved["found"]) == ("alias", version, other)
    client().set_registered_model_alias(NAME, "champion", version)


def test_the_card_is_read_as_json_or_markdown_and_written_by_section(app: FastAPI, version: str) -> None:
    at = f"{AT}/{version}/card"
    written = call(app, "anna", "PUT", f"{at}/limits", {"text": "Not at night."})
    assert Card.model_validate(written.json()) == review.card(NAME, version)
    assert call(app, "bob", "PUT", f"{at}/licence", {"text": "MIT"}).json()["front"]["license"] == "mit"
    answer = call(app, "vera", "GET", at)
    assert (Card.model_validate(answer.json()), answer.headers["vary"]) == (review.card(NAME, version), "Accept")
    bearer = {"Authorization": f"Bearer {sessions.token('root', 'vera')}", "Accept": "text/markdown, */*;q=0.1"}
    text = visitor(app).get(at, headers=bearer)
    assert text.headers["content-type"] == "text/markdown; charset=utf-8"
    assert (text.text, text.headers["vary"]) == (review.card(NAME, version).text, "Accept")

    users.add("root", "nina", "data_scientist")
    refused = {
        409: call(app, "nina", "PUT", f"{at}/limits", {"text": "none"}),
        403: call(app, "vera", "PUT", f"{at}/limits", {"text": "none"}),
        422: call(app, "anna", "PUT", f"{at}/results", {"text": "none"}),
        404: call(app, "vera", "GET", f"{AT}/9999/card"),
    }
    for status, one in refused.items():
        assert (one.status_code, list(one.json())) == (status, ["error"])
    assert call(app, "anna", "PUT", f"{at}/limits", {"text": "x" * 4_001}).status_code == 422
    described = call(app, "vera", "GET", "/api/openapi.json").json()["paths"]
    place = f"{AT.replace(NAME, '{name}')}/{{version}}/card"
    assert set(described[place]["get"]["responses"]["200"]["content"]) == {"application/json", "text/markdown"}
    (named,) = (one for one in described[f"{place}/{{section}}"]["put"]["parameters"] if one["name"] == "section")
    assert named["schema"]["enum"] == [*SECTIONS]


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
