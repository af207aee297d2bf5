"""Names, tags, comments, labels, file names and figures are hostile strings: none becomes anything but text."""

import csv
import io
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from registry.exporting import FORMULA
from registry.web.app import build_app
from registry.web.settings import Settings
from tests.registry.web import hostile
from tests.registry.web.payloads import PAYLOADS
from tests.registry.web.visiting import visitor

ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        "html head meta title link script body a header div svg path nav b span form input button circle main p "
        "section h1 h2 h3 ul ol li table thead tbody tr th td small time label textarea rect line text details summary "
        "figure img figcaption i strong code q aside footer kbd dialog dl dt dd s select option "
        "pre",
    )
)


class Parsed(HTMLParser):
    """What a browser would make of a page: its elements, and everything suspicious in their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.bad: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        for name, value in attrs:
            link = name in ("href", "src", "action", "formaction")
            own = re.match(r"(/(?!/)|#|http://mlflow\.example\.org/)", value or "")
            if name.startswith("on") or name in ("style", "srcdoc") or (link and not own):
                self.bad.append(f"<{tag} {name}={value!r}>")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def versions(people: Path) -> list[tuple[str, str]]:
    return hostile.make()


@pytest.fixture(scope="module")
def client(people: Path) -> TestClient:
    return visitor(build_app(Settings(mlflow="http://mlflow.example.org")), "root")


def test_there_are_two_hundred_payloads() -> None:
    assert len(set(PAYLOADS)) >= 200


def test_no_payload_becomes_an_element_or_an_attribute(client: TestClient, versions: list[tuple[str, str]]) -> None:
    asked = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    pages = ["/", "/versions", "/audit", "/users", f"/?q={asked}", f"/versions?q={asked}&state={asked}"]
    pages += [f"/sign-in?back={asked}", f"/{asked}", f"/link/{asked}"]
    models = [(f"/models/{hostile.quoted(name)}", version) for name, version in versions]
    pages += [path for model, version in models for path in (model, f"{model}/versions/{version}")]
    for path in pages:
        response = client.get(path)
        assert response.status_code in (200, 303, 404), path
        parsed = Parsed(response.text)
        assert parsed.elements["script"] in (0, 2), path
        assert set(parsed.elements) <= ELEMENTS, path
        assert parsed.bad == [], path


def test_each_payload_is_there_to_be_read(client: TestClient, versions: list[tuple[str, str]]) -> None:
    """Nothing was cut out that is text: comments come back as they were written, but for control characters."""
    parsed = Parsed(client.get(f"/models/hostile/versions/{versions[0][1]}").text)
    said = {one.strip() for one in parsed.words}
    readable = [one.strip() for one in PAYLOADS if one.isprintable()]
    assert len(readable) > 180
    assert [one for one in readable if one not in said] == []


def test_no_template_is_run(client: TestClient, versions: list[tuple[str, str]]) -> None:
    page = client.get(f"/models/hostile/versions/{versions[0][1]}").text
    assert "{{ 7*7 }}" in page
    assert not re.search(r">\s*49\s*<", page)


def test_a_form_that_is_refused_gives_back_text(client: TestClient, versions: list[tuple[str, str]]) -> None:
    from tests.registry.web.visiting import send

    name, version = versions[0]
    for payload in PAYLOADS[::23]:
        response = send(client, f"/models/{name}/versions/{version}/approve", reason=payload)
        assert response.status_code in (409, 422)
        parsed = Parsed(response.text)
        assert (parsed.bad, parsed.elements["script"]) == ([], 2)


@pytest.mark.parametrize("path", ["/versions.csv", "/audit.csv"])
def test_no_cell_of_an_export_starts_a_formula(client: TestClient, versions: list[tuple[str, str]], path: str) -> None:
    response = client.get(path)
    assert response.headers["content-disposition"].startswith("attachment")
    cells = [cell for row in csv.reader(io.StringIO(response.text.removeprefix("\ufeff"))) for cell in row]
    assert len(cells) > 100
    assert [cell for cell in cells if cell.lstrip(" \u00a0\ufeff").startswith(FORMULA)] == []
