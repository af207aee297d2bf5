"""Signing in: a one-time link, a password, a proxy's header; and everything that every answer carries."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient

from registry import users
from registry.web.app import build_app
from registry.web.limits import OF_ADDRESS, OF_NAME, Attempts
from registry.web.settings import Settings, settings
from registry.web.visitor import SESSION, VISIT
from tatara import cli
from tatara.core.errors import UsageError
from tests.registry.web.visiting import BASE, send, token, visitor

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def dora(people: Path) -> str:
    """A user with a password."""
    users.add("root", "dora", "reviewer")
    users.redeem(users.link("root", "dora"), PASSWORD)
    return "dora"


def test_the_shell_prints_the_address_that_a_link_has(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TATARA_USER", "root")
    monkeypatch.setenv("TATARA_REVIEW_URL", "https://review.example.org")
    assert cli.main(["review", "users", "link", "vera"]) == 0
    address = capsys.readouterr().out.splitlines()[0]
    assert address.startswith("https://review.example.org/link/")
    page = visitor(app).get(address.removeprefix("https://review.example.org"))
    assert (page.status_code, "vera" in page.text) == (200, True)


def test_a_link_sets_a_password_once_and_signs_in(app: FastAPI) -> None:
    users.add("root", "eve", "viewer")
    made = users.link("root", "eve")
    client = visitor(app)
    assert "eve" in client.get(f"/link/{made}").text
    assert send(client, f"/link/{made}", password="short", again="short").status_code == 422
    assert "differ" in send(client, f"/link/{made}", password=PASSWORD, again=PASSWORD + "!").text
    assert send(client, f"/link/{made}", password=PASSWORD, again=PASSWORD).headers["location"] == "/"
    assert client.get("/").status_code == 200

    late = visitor(app)
    assert late.get(f"/link/{made}").status_code == 404
    assert send(late, f"/link/{made}", password="another password", again="another password").status_code == 404
    assert users.authenticate("eve", PASSWORD)


def test_a_password_signs_in_and_out_and_a_session_ends_with_it(app: FastAPI, dora: str) -> None:
    client = visitor(app)
    response = send(client, "/sign-in", name=" Dora", password=PASSWORD, back="/audit?page=1")
    assert (response.status_code, response.headers["location"]) == (303, "/audit?page=1")
    kept = client.cookies[SESSION]
    assert client.get("/").status_code == 200
    assert send(client, "/sign-out").status_code == 303
    client.cookies.set(SESSION, kept)
    assert client.get("/").status_code == 303


def test_who_is_removed_or_has_a_new_password_is_out_at_once(app: FastAPI) -> None:
    users.add("root", "fred", "viewer")
    client = visitor(app, "fred")
    assert client.get("/").status_code == 200
    users.redeem(users.link("root", "fred"), PASSWORD)
    assert client.get("/").status_code == 303
    client = visitor(app, "fred")
    users.remove("root", "fred")
    assert client.get("/").status_code == 303


@pytest.mark.parametrize(
    "back", ["https://evil.invalid", "//evil.invalid", "/\\evil.invalid", "\\\\evil", "/a\nb", "x"]
)
def test_signing_in_never_leads_to_another_server(app: FastAPI, dora: str, back: str) -> None:
    assert send(visitor(app), "/sign-in", name=dora, password=PASSWORD, back=back).headers["location"] == "/"
    assert visitor(app, dora).get("/sign-in", params={"back": back}).headers["location"] == "/"


def test_wrong_passwords_are_counted_and_others_are_not_locked_out(app: FastAPI, dora: str) -> None:
    client = visitor(app)
    for _ in range(OF_NAME):
        assert send(client, "/sign-in", name=dora, password="wrong").status_code == 401
    refused = send(client, "/sign-in", name=dora, password=PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 15 * 60
    assert send(client, "/sign-in", name="vera", password="wrong").status_code == 401


def test_an_address_is_refused_that_tries_many_names() -> None:
    attempts = Attempts()
    for number in range(OF_ADDRESS):
        attempts.begin("10.0.0.1", f"guess{number}")
    with pytest.raises(HTTPException, match="too many"):
        attempts.begin("10.0.0.1", "one more")
    attempts.begin("10.0.0.2", "one more")
    attempts.succeeded("10.0.0.1", "guess1")
    attempts.begin("10.0.0.1", "one more")


def test_what_is_wrong_with_name_and_password_is_not_told(app: FastAPI, dora: str) -> None:
    texts = [send(visitor(app), "/sign-in", name=name, password="wrong").text for name in ("nobody", dora, "vera")]
    plain = {re.sub(r'(csrf" value="|name="name" value=")[^"]*', "", text) for text in texts}
    assert len(plain) == 1


def test_cookies_over_https_are_this_hosts_alone(people: Path, dora: str) -> None:
    app = build_app(Settings(url="https://review.example.org"))
    client = TestClient(app, base_url="https://review.example.org", follow_redirects=False)
    assert "max-age" in client.get("/sign-in").headers["strict-transport-security"]
    cookies = send(client, "/sign-in", name=dora, password=PASSWORD).headers.get_list("set-cookie")
    assert {one.partition("=")[0] for one in cookies} == {f"__Host-{SESSION}", f"__Host-{VISIT}"}
    for one in cookies:
        assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in one.split(";")}
        assert "domain" not in one.lower()


def test_only_a_trusted_proxy_names_the_user_and_only_one_whom_the_registry_knows(people: Path) -> None:
    app = build_app(Settings(header="X-User", proxies=("10.0.0.1",)))

    def ask(peer: str, *names: str) -> int:
        client = TestClient(app, base_url=BASE, follow_redirects=False, client=(peer, 1))
        return client.get("/", headers=[("X-User", name) for name in names]).status_code

    assert ask("10.0.0.1", "vera") == 200
    assert ask("10.0.0.2", "vera") == 303
    assert ask("10.0.0.1", "nobody") == 409
    assert ask("10.0.0.1") == 409
    assert ask("10.0.0.1", "vera", "root") == 409
    plain = TestClient(build_app(Settings()), base_url=BASE, follow_redirects=False)
    assert plain.get("/", headers={"X-Forwarded-User": "root", "X-User": "root"}).status_code == 303


def test_forms_behind_a_proxy_carry_a_token_too(people: Path) -> None:
    app = build_app(Settings(header="X-User", proxies=("testclient",)))
    client = TestClient(app, base_url=BASE, follow_redirects=False, headers={"X-User": "root"})
    assert client.post("/users", data={"name": "gina", "role": "viewer"}).status_code == 403
    assert client.post("/users", data={"name": "gina", "role": "viewer", "csrf": token(client)}).status_code == 200


@pytest.mark.parametrize("host", ["evil.invalid", "127.0.0.1.evil.invalid", ""])
def test_a_request_for_another_host_is_refused(app: FastAPI, host: str) -> None:
    assert visitor(app).get("/healthz", headers={"Host": host}).status_code == 400


def test_every_answer_carries_the_headers_and_no_page_has_inline_style_or_script(app: FastAPI) -> None:
    client = visitor(app, "root")
    for path in (
        "/",
        "/versions",
        "/audit",
        "/users",
        "/nothing",
        "/static/review.css",
        "/sign-in",
        "/healthz",
        "/api/v1/x",
    ):
        response = client.get(path)
        policy = response.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["cache-control"] in ("no-store", "no-cache")
        if response.headers.get("content-type", "").startswith("text/html"):
            assert not re.search(
                r"<style|\sstyle=|\son\w+=|javascript:|<script(?! src=| type=\"module\" src=)", response.text
            )
            assert not re.search(r'(src|href)="(https?:)?//', response.text)


def test_a_large_body_is_refused_before_it_is_read_whole(app: FastAPI) -> None:
    client = visitor(app)
    assert client.post("/sign-in", content=b"x" * 70_000).status_code == 413
    assert client.post("/sign-in", content=(b"x" * 1000 for _ in range(70))).status_code == 413


def test_only_files_of_the_pages_are_static(app: FastAPI) -> None:
    client = visitor(app)
    assert client.get("/static/review.js").headers["content-type"].startswith("text/javascript")
    for name in ("..%2Fapp.py", "%2e%2e%2fapp.py", "app.py", ".", "review.css%00", "..%5Capp.py"):
        assert client.get(f"/static/{name}").status_code == 404


def test_settings_come_from_options_and_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TATARA_REVIEW_URL", "https://review.example.org/")
    monkeypatch.setenv("TATARA_REVIEW_HOSTS", "a.example.org, b.example.org")
    monkeypatch.setenv("TATARA_REVIEW_HEADER", "X-User")
    monkeypatch.setenv("TATARA_REVIEW_PROXIES", "10.0.0.1,::1")
    found = settings(port=9000)
    assert (found.url, found.secure, found.header, found.proxies) == (
        "https://review.example.org",
        True,
        "X-User",
        ("10.0.0.1", "::1"),
    )
    assert found.allowed_hosts == ["review.example.org", "a.example.org", "b.example.org", "localhost", "127.0.0.1"]
    for name, value in {"URL": "ftp://x", "HEADER": "X User", "PROXIES": "proxy"}.items():
        with monkeypatch.context() as patch, pytest.raises(UsageError):
            patch.setenv(f"TATARA_REVIEW_{name}", value)
            settings()


def test_a_link_is_of_the_port_that_is_served(
    people: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TATARA_USER", "root")
    assert cli.main(["review", "users", "link", "vera", "port=8411"]) == 0
    assert capsys.readouterr().out.startswith("http://127.0.0.1:8411/link/")
