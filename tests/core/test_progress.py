"""Progress: what passes through is untouched, and each kind of standard error gets what suits it."""

import fcntl
import io
import os
import pty
import struct
import sys
import termios
from contextlib import suppress

import pytest

from tatara.core import progress as module
from tatara.core.progress import progress


def test_items_pass_and_short_work_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress(iter("abc"), 3, "letters")) == ["a", "b", "c"]
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_plain_lines_off_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    list(progress(range(4), 4, "read x"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "read x: 2/4 (50%)" in captured.err
    assert "\r" not in captured.err
    assert captured.err.count("4/4 (100%)") == 1


def test_work_that_ends_between_two_lines_gets_a_last_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter((0.0, 6.0, 7.0, 8.0))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    assert list(progress(range(2), 2, "read x")) == [0, 1]
    assert capsys.readouterr().err.splitlines() == ["read x: 1/2 (50%), 6 s, 0.2/s", "read x: 2/2 (100%), 8 s, 0.2/s"]


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert list(progress(range(3), 3, "read x")) == [0, 1, 2]
        monkeypatch.undo()
    text = ""
    with io.FileIO(master) as shown, suppress(OSError):  # EIO, where the last writer is gone
        while piece := shown.read(65536):
            text += piece.decode()
    assert "read x" in text
    assert "\r" in text
    assert "3/3" in text
