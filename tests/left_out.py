"""Pytest plugin of ``make test``: says at the end how many tests were left to ``make test-full``."""

import pytest

_left = pytest.StashKey[int]()


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count the tests that the marker expression took out."""
    if items:
        stash = items[0].config.stash
        stash[_left] = stash.get(_left, 0) + len(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the count."""
    left = config.stash.get(_left, 0)
    terminalreporter.write_line(
        f"{left} tests need a system package or a model at its paper's size: make test-full runs them"
    )
