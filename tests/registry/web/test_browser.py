"""What a reviewer does, in a real browser: from the one-time link to the decision, the release and the way back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from registry import review, users
from registry.users import link
from tests.registry import cases
from tests.registry.cases import NAME, against, checked, compared, new_version, packaged, part
from tests.registry.web import hostile
from tests.registry.web.browsing import PASSWORD, chromium, serving, sign_in, watched
from tests.registry.web.evidenced import changed, leave, shown
from tests.services.test_page import CONTRAST

pytestmark = pytest.mark.system


OUTSIDE = """() => [...document.querySelectorAll(".shown figcaption *")].filter((one) => !one.matches(".told a") &&
    one.getBoundingClientRect().right > one.closest("li").getBoundingClientRect().right + 1)
    .map((one) => one.textContent)"""
"""Words below an image that reach into the next one."""


@pytest.fixture(scope="module")
def url(people: Path) -> Iterator[str]:
    for name in ("anna", "bob", "olga", "root"):
        users.redeem(link("root", name), PASSWORD)
    first = new_version()
    leave(first, [])
    checked(cases.evidence(version=first))
    review.approve("bob", NAME, first, "the first")
    packaged(first)
    review.promote("olga", NAME, first)
    second = new_version("carl")
    long = shown("test/3/1.png", "3", "8  43.6%   3 20.3%   9 13.1%", slices=["brightness: middling, label: 3"])
    leave(second, [shown(), long], changed())
    slices = tuple(part(str(n), (-0.034 + n / 100, -0.06, 0.01), 0.9) for n in range(10))
    checked(against(version=second, champion="1", comparison=(compared(0.011, 0.006, 0.017),), slices=slices), "carl")
    packaged(second)
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def test_from_the_one_time_link_to_the_decision_the_release_and_back(url: str, browser: Browser) -> None:
    carl = watched(browser, url)
    page = carl.open(f"/link/{link('root', 'carl')}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Once more").fill(PASSWORD)
    page.get_by_role("button", name="Set it and sign in").click()
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    page.get_by_role("link", name=f"{NAME} 2").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("version 2")
    expect(page.locator("#decision")).to_contain_text("you are the author of the run")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    limits = page.locator("#card-limits")
    limits.locator("summary").click()
    page.get_by_label("Known limits").fill("Not at night.")
    page.get_by_role("button", name="Save Known limits").click()
    expect(limits.get_by_text("Written by carl")).to_be_in_viewport()
    expect(limits.locator("p").first).to_have_text("Not at night.")

    bob = watched(browser, url)
    sign_in(bob, "bob")
    page = bob.page
    expect(page.get_by_role("heading", name="1 waits for you")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_contain_text("Not yet. It waits for 1 approval.")
    page.keyboard.press("a")
    page.keyboard.type("better on every slice that counts")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status")).to_have_text("Approved.")
    expect(page.locator(".approvals")).to_contain_text("bob approved it")

    olga = watched(browser, url)
    sign_in(olga, "olga")
    page = olga.open(f"/models/{NAME}/versions/2")
    page.get_by_label("Why?").fill("to the cameras")
    page.get_by_role("button", name="Make it the champion").click()
    expect(page.get_by_role("status")).to_have_text("It is the champion now.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("champion")
    page.get_by_label("Why?").fill("wrong on the new cameras")
    page.get_by_role("button", name="Roll back to version 1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("version 1")
    history = olga.open(f"/models/{NAME}").locator("main")
    expect(history).to_contain_text("wrong on the new cameras")
    expect(history).to_contain_text("to the cameras")
    olga.open("/audit")
    expect(page.get_by_text("Whole:")).to_be_visible()
    assert carl.wrong + bob.wrong + olga.wrong == []


@pytest.mark.parametrize("width", [320, 390, 860, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_scrolls_sideways_and_both_schemes_are_readable(
    url: str, browser: Browser, width: int, scheme: str
) -> None:
    one = watched(browser, url, width, scheme)
    sign_in(one, "root")
    for path in ("/", "/versions", f"/models/{NAME}", f"/models/{NAME}/versions/2", "/audit", "/users"):
        page = one.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(OUTSIDE) == [], path
        for selector in ("main p", ".mute", ".chip", "main a", "h1", "footer", ".verdict strong", "td time"):
            if page.locator(selector).count():
                assert page.evaluate(CONTRAST, selector) >= 4.5, (path, selector)
    assert one.wrong == []


def test_keys_pictures_and_the_dark_are_at_hand(url: str, browser: Browser) -> None:
    one = watched(browser, url)
    sign_in(one, "bob")
    page = one.open(f"/models/{NAME}/versions/2")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("a.zoom").first.click()
    expect(page.get_by_role("dialog", name="Picture")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("/")
    page.wait_for_url("**/versions")
    page.keyboard.press("/")
    expect(page.get_by_label("Search versions")).to_be_focused()
    page.keyboard.type(NAME)
    page.keyboard.press("Enter")
    expect(page.locator("table.list tbody tr")).to_have_count(2)
    assert one.wrong == []


def test_the_decision_stays_in_sight_and_comes_first_on_a_phone(url: str, browser: Browser) -> None:
    wide = watched(browser, url)
    sign_in(wide, "bob")
    page = wide.open(f"/models/{NAME}/versions/2")
    page.evaluate("scrollTo(0, 2500)")
    expect(page.locator("#decision")).to_be_in_viewport()
    phone = watched(browser, url, 390)
    sign_in(phone, "bob")
    page = phone.open(f"/models/{NAME}/versions/2")
    top = "(selector) => document.querySelector(selector).getBoundingClientRect().top"
    assert page.evaluate(top, ".verdict") < page.evaluate(top, "#decision") < page.evaluate(top, "#h-gates")
    page.evaluate("scrollTo(0, 3000)")
    page.get_by_role("navigation", name="To the decision").get_by_role("link").click()
    expect(page.locator("#decision")).to_be_in_viewport()


def test_no_hostile_string_comes_alive(url: str, browser: Browser) -> None:
    versions = hostile.make()
    one = watched(browser, url)
    sign_in(one, "root")
    for path in [
        "/",
        "/versions",
        "/audit",
        *(f"/models/{hostile.quoted(name)}/versions/{version}" for name, version in versions),
    ]:
        page = one.open(path)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        for field in page.locator("input:visible, textarea:visible, select:visible").all()[:10]:
            field.focus()
        page.mouse.wheel(0, 2000)
        assert page.evaluate("window.alive") is None, path
        assert page.url.startswith(url), path
    assert one.wrong == []
