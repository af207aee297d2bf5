"""The page in a real browser: drop, choose, read; by keyboard, on a phone, in the dark, offline."""

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from services.keys import add_key
from services.launch import Service
from services.settings import Settings
from tatara.core.contract import Tiling
from tatara.core.kinds.image import colourfulness
from tatara.core.painting import colour
from tests.services.images import encoded, oriented, scene
from tests.services.in_process import serving
from tests.services.model_folder import plain, write_model_folder
from tests.services.sounds import sine, sound_file, write_audio_folder

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


def test_a_page_that_was_opened_before_the_model_was_ready_finds_it(browser: Browser, service: Service) -> None:
    opened, asked = browser.new_page(), []

    def early(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 2:
            route.continue_()
        else:
            route.fulfill(status=503, json={"error": "not ready: the model is being loaded"})

    opened.route("**/model", early)
    opened.goto(service.url)
    expect(opened.get_by_role("status")).to_have_text("not ready: the model is being loaded")
    expect(opened.get_by_role("heading", name="colours")).to_be_visible()
    expect(opened.get_by_role("status")).to_have_text("")
    drop(opened, {"red.png": plain(200, 10, 10)})
    expect(opened.locator(".card .label")).to_have_text("red")
    opened.close()


def test_where_a_key_is_needed_the_page_asks_for_it_until_one_holds_and_keeps_it(
    browser: Browser, tmp_path: Path
) -> None:
    key, _ = add_key(tmp_path / "keys.json", "press")
    folder = write_model_folder(tmp_path / "model")
    with serving(folder, Settings(threads=1, keys=str(tmp_path / "keys.json"))) as url:
        page = browser.new_page()
        page.goto(url)
        asked = page.get_by_label("API key")
        asked.fill("tatara_0_wrong")
        asked.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("unknown, revoked or expired")
        page.get_by_label("API key").fill(key)
        page.get_by_role("button", name="Use it").click()
        expect(page.get_by_role("heading", name="colours")).to_be_visible()
        drop(page, {"red.png": plain(200, 10, 10)})
        expect(page.locator(".card .label").first).to_have_text("red")

        page.goto(f"{url}/deployments")
        expect(page.get_by_role("status")).to_contain_text("follows no deployment")
        expect(page.get_by_label("API key")).to_have_count(0)
        page.close()


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


@pytest.fixture(scope="module")
def drawn(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Page]]:
    """The page of a service of a kind, on a wide screen."""
    with ExitStack() as stack:

        def opened(kind: str) -> Page:
            folder = write_model_folder(tmp_path_factory.mktemp(kind) / "model", kind=kind)
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            stack.callback(page.close)
            page.goto(stack.enter_context(serving(folder)))
            return page

        yield opened


PAINTED = """([canvas, x, y]) => {
  const at = [x * canvas.width, y * canvas.height].map(Math.floor);
  return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
}"""


def painted(page: Page, x: float, y: float) -> list[int]:
    """Red, green, blue and alpha of the overlay, at shares of its width and height."""
    found: list[int] = page.evaluate(PAINTED, [page.locator("canvas").element_handle(), x, y])
    return found


SCENE = encoded(scene().resize((400, 240), 0))
"""Red up to column 250 of 400, then blue; as 8 x 8 pixels the border is there, too."""


def test_objects_are_boxed_listed_and_filtered_by_slider_and_class(drawn: Callable[[str], Page]) -> None:
    page = drawn("instances")
    drop(page, {"scene.png": SCENE})

    expect(page.get_by_role("status")).to_have_text("scene.png: red 90.2%, blue 90.2%")
    expect(page.locator(".bars li .of")).to_have_text(["red", "blue"])
    assert painted(page, 0.3, 0.5)[:3] == pytest.approx(colour(0), abs=2)
    assert painted(page, 0.8, 0.5)[:3] == pytest.approx(colour(2), abs=2)
    page.get_by_role("checkbox", name="red").uncheck()
    expect(page.locator(".bars li .of")).to_have_text(["blue"])
    assert painted(page, 0.3, 0.5)[3] == 0
    page.get_by_role("slider", name="Score at least").fill("0.95")
    expect(page.locator(".card .label")).to_have_text("No objects, 2 hidden")
    assert painted(page, 0.8, 0.5)[3] == 0


def test_an_upright_photograph_is_boxed_upright(drawn: Callable[[str], Page]) -> None:
    page = drawn("detection")
    drop(page, {"turned.png": oriented(6)})

    expect(page.locator(".bars li .of")).to_have_text(["red", "blue"])
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    assert stage["width"] / stage["height"] == pytest.approx(40 / 24, rel=0.02)
    assert painted(page, 0.624, 0.9)[:3] == pytest.approx(colour(0), abs=2)  # the box's edge at column 25 of 40


def test_classes_are_laid_over_the_image_and_asked_anew_by_confidence(drawn: Callable[[str], Page]) -> None:
    page = drawn("segmentation")
    drop(page, {"scene.png": SCENE})

    expect(page.locator(".bars li .of")).to_have_text(["red", "blue"])
    assert painted(page, 0.3, 0.5)[:3] == pytest.approx(colour(0), abs=2)
    page.get_by_role("slider", name="Confidence at least").fill("0.99")
    page.get_by_role("slider", name="Confidence at least").dispatch_event("change")
    expect(page.locator(".card .label")).to_have_text("No classes, 100.0% left out")
    assert painted(page, 0.3, 0.5)[3] == 0


@pytest.mark.parametrize("kind", ["instances", "segmentation"])
def test_drawn_kinds_fit_a_phone_in_the_dark(drawn: Callable[[str], Page], kind: str) -> None:
    page = drawn(kind)
    page.set_viewport_size({"width": 320, "height": 700})
    page.emulate_media(color_scheme="dark")
    drop(page, {f"{'long name ' * 20}.png": SCENE})
    expect(page.locator(".bars li .of")).to_have_count(2)

    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    for selector in (".label", "figcaption", ".bars .of", "#status", "legend", ".told", "#row label"):
        assert page.evaluate(CONTRAST, selector) >= 4.5, selector


def test_an_image_lies_over_the_one_that_was_sent_and_a_slider_uncovers_either(
    browser: Browser, tmp_path: Path
) -> None:
    folder = write_model_folder(tmp_path / "model", kind="image", tiling=Tiling(size=8, overlap=0.25))
    with serving(folder) as url:
        page = browser.new_page(viewport={"width": 900, "height": 700})
        page.goto(url)
        expect(page.locator("#about")).to_have_text("Version 1 · image to image")
        sent = scene().resize((400, 240), 0)
        drop(page, {"scene.png": encoded(sent)})
        after = page.get_by_role("img", name="Answer to scene.png")
        expect(after).to_be_visible()
        expect(page.get_by_role("status")).to_have_text(
            f"scene.png: 400 × 240, colourfulness {colourfulness(np.asarray(sent)[..., ::-1]):.1f}"
        )
        slider = page.get_by_role("slider", name="Before and after: scene.png")
        slider.focus()
        page.keyboard.press("Home")
        assert page.evaluate("getComputedStyle(document.querySelector('.after')).clipPath") == "inset(0px 0px 0px 0%)"
        page.keyboard.press("End")
        assert page.evaluate("getComputedStyle(document.querySelector('.after')).clipPath") == "inset(0px 0px 0px 100%)"
        with page.expect_download() as download:
            page.get_by_role("link", name="Save the answer as PNG").click()
        assert download.value.suggested_filename == "scene.answer.png"
        assert Image.open(download.value.path()).size == (400, 240)
        page.close()


def test_a_sound_has_a_waveform_a_player_and_its_label(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with serving(write_audio_folder(tmp_path_factory.mktemp("audio") / "model")) as url:
        page = browser.new_page(viewport={"width": 900, "height": 800})
        page.goto(url)
        expect(page.get_by_text("Drop sounds here")).to_be_visible()
        assert page.locator("#files").get_attribute("accept") == "audio/*,.wav,.flac"
        drop(page, {"low.wav": sound_file(sine(300)), "high.flac": sound_file(sine(3000), form="FLAC")})
        cards = page.locator(".card")
        expect(cards.filter(has_text="low.wav").locator(".label")).to_have_text("low")
        expect(cards.filter(has_text="high.flac").locator(".label")).to_have_text("high")
        expect(page.get_by_role("img", name="Waveform of low.wav")).to_be_visible()
        page.wait_for_function("document.querySelectorAll('audio').length === 2")
        drawn = """canvas => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return data.filter((value, at) => at % 4 === 3 && value).length / (canvas.width * canvas.height);
        }"""
        page.wait_for_function(f"({drawn})(document.querySelector('canvas.wave')) > 0")
        share = page.evaluate(drawn, page.locator("canvas.wave").nth(1).element_handle())
        assert 0.4 < share < 0.55  # a sine of half the full scale, many cycles a column
        page.wait_for_function("[...document.querySelectorAll('audio')].every((one) => one.duration > 0.25)")
        drop(page, {"words.wav": b"hello"})
        expect(page.locator(".card.bad")).to_contain_text("not a sound that is read here")
        if keep := os.environ.get("KEEP_SCREENSHOT"):
            page.screenshot(path=keep, full_page=True)
        page.close()
