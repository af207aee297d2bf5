"""The page in a real browser: drop, choose, read; by keyboard, on a phone, in the dark, offline."""

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from services.launch import Service
from tests.services.model_folder import plain

pytestmark = pytest.mark.system

DROP = """([target, files]) => {
  const carried = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
    carried.items.add(new File([bytes], name, { type: "image/png" }));
  }
  target.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carried }));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    outside: list[str] = []
    opened.on("request", lambda request: outside.append(request.url))
    opened.goto(service.url)
    yield opened
    assert all(url.startswith((service.url, "blob:", "data:")) for url in outside)
    opened.close()


def drop(page: Page, files: dict[str, bytes]) -> None:
    carried = [[name, base64.b64encode(content).decode()] for name, content in files.items()]
    page.evaluate(DROP, [page.locator("#drop").element_handle(), carried])


def test_a_dropped_image_is_answered_with_bars_and_said_aloud(page: Page) -> None:
    expect(page.get_by_role("heading", name="colours")).to_be_visible()
    drop(page, {"red.png": plain(200, 10, 10)})

    card = page.get_by_role("list", name="Answers").get_by_role("listitem").first
    expect(card.locator(".label")).to_have_text("red")
    expect(card.locator(".bars li")).to_have_count(3)
    expect(page.get_by_role("img", name="red.png")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("red.png: red, 98.3%")


def test_a_broken_file_is_refused_beside_the_answers_of_the_others(page: Page) -> None:
    drop(page, {"blue.png": plain(10, 10, 200), "broken.png": plain(1, 1, 1)[:40], "green.png": plain(10, 200, 10)})

    expect(page.get_by_role("status")).to_have_text("2 of 3 answered, 1 refused")
    assert [text.split(":")[0] for text in page.locator(".card .label").all_inner_texts()] == [
        "blue",
        "not an image",
        "green",
    ]
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".card")).to_have_count(0)


def test_the_keyboard_reaches_the_file_chooser_and_it_is_seen(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "緑.png"
    path.write_bytes(plain(10, 200, 10))
    with page.expect_file_chooser() as chooser:  # from here, so that the browser waits for it long before Enter
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "files"
        assert page.evaluate("getComputedStyle(document.getElementById('drop')).outlineStyle") == "solid"
        page.keyboard.press("Enter")
    chooser.value.set_files(path)

    expect(page.get_by_role("status")).to_have_text("緑.png: green, 98.3%")


@pytest.mark.parametrize("width", [320, 390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_scrolls_sideways_and_both_schemes_are_readable(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    drop(page, {f"{'long name ' * 20}.png": plain(200, 10, 10)})
    expect(page.locator(".card .label")).to_have_text("red")
    page.get_by_text("Where the answers come from").click()

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for selector in ("body", ".label", "figcaption", ".bars .of", "#status", "a"):
        assert page.evaluate(CONTRAST, selector) >= 4.5, selector


CONTRAST = """(selector) => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
    const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const element = document.querySelector(selector);
  let behind = element;
  while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
  const levels = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(light).sort();
  return (Math.max(...levels) + 0.05) / (Math.min(...levels) + 0.05);
}"""
