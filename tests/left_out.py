"""Pytest plugin of ``make test``: says at the end how many tests were left to ``make test-full``."""

from typing import Any

import pytest

_left = pytest.StashKey[int]()
_SENT = "left_out"


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count the tests that the marker expression took out."""
    if items:
        stash = items[0].config.stash
        stash[_left] = stash.get(_left, 0) + len(items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a process of pytest-xdist: send the count to the one that prints."""
    if sent := getattr(session.config, "workeroutput", None):
        sent[_SENT] = session.config.stash.get(_left, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every process left out the same tests: take the count of any."""
    node.config.stash[_left] = getattr(node, "workeroutput", {}).get(_SENT, 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the count."""
    left = config.stash.get(_left, 0)
    terminalreporter.write_line(
        f"{left} tests need a system package or a model at its paper's size: make test-full runs them"
    )
