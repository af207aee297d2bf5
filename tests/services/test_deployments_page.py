"""The page of deployments in a real browser: what serves, what is tried, what happened."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from services.rollout import duel
from services.rollout.records import Pinned
from services.rollout.starting import prepare
from tests.services.in_process import following
from tests.services.model_folder import LABELS, plain
from tests.services.rollout.published import NAME, Published, until
from tests.services.test_page import CONTRAST

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """Version 1 after a rollback from 2, with 3 as the canary and a broken 4."""
    monkeypatch.setattr(duel, "BUSY", 1.0)
    published = Published(tmp_path)
    for version in "1234":
        published.make(version, LABELS)
    published.publish("1")
    deployed = published.deployment(tmp_path / "deployments" / NAME, canary=0.1)
    prepare(deployed)
    with following(deployed) as url:
        published.publish("2", reason="one point better")
        until(deployed, lambda one: one.serving.version == "2")
        pinned = Pinned(version="1", at="2026-01-01T00:00:00+00:00", by="olga", reason="wrong at night")
        deployed.want(deployed.desired.model_copy(update={"pinned": pinned}))
        until(deployed, lambda one: one.serving.version == "1")
        deployed.want(deployed.desired.model_copy(update={"pinned": None}))
        (published.model("4") / "model.onnx").write_bytes(b"broken")
        published.publish("4")
        published.publish("3", "canary", reason="with the new cameras")
        until(deployed, lambda one: one.candidate is not None and one.refusals)
        for _ in range(20):
            httpx.post(
                f"{url}/predict", content=plain(200, 9, 9), headers={"content-type": "image/png"}, trust_env=False
            )
        until(deployed, lambda one: one.trial and one.trial["measures"]["latency"]["observations"])
        opened = browser.new_page(viewport={"width": 1200, "height": 900})
        opened.goto(f"{url}/deployments")
        yield opened
        opened.close()


def test_it_shows_what_serves_what_is_tried_and_what_happened(page: Page, tmp_path: Path) -> None:
    expect(page.get_by_role("heading", name="colours 1")).to_be_visible()
    expect(page.get_by_role("list", name="Refused")).to_contain_text("refused 4:")
    expect(page.locator(".trial caption")).to_contain_text("Version 3 answers 10% of the requests")
    expect(page.locator(".trial tbody tr")).to_have_count(4)
    events = page.locator(".history tbody .what").all_inner_texts()
    assert sorted(events[:2]) == ["canary", "refused"]
    assert events[-3:] == ["rolled back", "swapped", "deployed"]
    expect(page.locator(".history tbody tr").last).to_contain_text("olga")
    for width in (320, 1200):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            for selector in ("h2", "dt", ".refused", "caption", ".what", ".what.bad", "td"):
                assert page.evaluate(CONTRAST, selector) >= 4.5, selector
            page.screenshot(path=tmp_path / f"{width}-{scheme}.png", full_page=True)
