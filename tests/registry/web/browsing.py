"""A real browser on a real server of this process's store, which keeps what should not happen."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from registry.web.app import build_app
from registry.web.settings import Settings

PASSWORD = "correct horse battery"


@contextmanager
def serving() -> Iterator[str]:
    """The address of the review, served in a thread."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    app = build_app(Settings(port=port, url=url))
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="warning", proxy_headers=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield url
    server.should_exit = True
    thread.join(10)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@dataclass
class Watched:
    """A page, and what should never happen on it."""

    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go there."""
        self.page.goto(self.url + path)
        return self.page


def watched(browser: Browser, url: str, width: int = 1440, scheme: str = "light") -> Watched:
    """A new visitor's page: its dialogs, errors, reports of the policy and requests to other hosts are kept."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    found = Watched(context.new_page(), url)

    def dialog(shown: object) -> None:
        found.wrong.append("a dialog was shown")
        shown.dismiss()  # type: ignore[attr-defined]

    def asked(request: object) -> None:
        if not request.url.startswith(url):  # type: ignore[attr-defined]
            found.wrong.append(f"asked {request.url}")  # type: ignore[attr-defined]

    found.page.on("dialog", dialog)
    found.page.on("request", asked)
    found.page.on("pageerror", lambda error: found.wrong.append(str(error)))
    found.page.on(
        "console",
        lambda said: (
            found.wrong.append(said.text) if "Security Policy" in said.text or "Trusted" in said.text else None
        ),
    )
    return found


def sign_in(visitor: Watched, name: str) -> None:
    """With a password."""
    page = visitor.open("/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{visitor.url}/")
