"""Findings on the machine: disk, shared memory, ports."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tatara.doctor.finding import Finding, Status

_GIB = 2**30
_DISK_FAIL, _DISK_WARN = 1 * _GIB, 5 * _GIB
_SHARED_FAIL = 64 * 2**20
_HOST = "127.0.0.1"


def state_folder(project: Path, state: Path) -> Iterator[Finding]:
    """Can files be made under the state root?"""
    try:
        state.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=state) as file:
            file.write(b"tatara")
    except OSError as error:
        fix = f"chmod -R u+rwX {state}" if state == project / ".tatara" else "unset TATARA_HOME"
        yield Finding("state", "fail", f"{state}: cannot be written to ({error.strerror})", fix)
    else:
        yield Finding("state", "ok", f"{state}")


def disk(state: Path) -> Iterator[Finding]:
    """Is there room under the state root?"""
    place = next(folder for folder in (state, *state.parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    status: Status = "fail" if free < _DISK_FAIL else "warn" if free < _DISK_WARN else "ok"
    detail = f"{free / _GIB:.1f} GiB free at {place}"
    yield Finding("disk", status, detail, None if status == "ok" else f"rm -r {state}/cache")


def shared_memory(place: Path = Path("/dev/shm")) -> Iterator[Finding]:  # noqa: S108 - Linux's place for it
    """Is there the shared memory that worker processes hand arrays over in?"""
    fix = f"mount -o remount,size=1g {place}"
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"tatara")
        free = shutil.disk_usage(place).free
    except OSError as error:
        yield Finding("shared memory", "warn", f"{place}: cannot be written to ({error.strerror})", fix)
        return
    if free < _SHARED_FAIL:
        yield Finding("shared memory", "warn", f"{free / 2**20:.0f} MiB free at {place}, 64 are wanted", fix)
    else:
        yield Finding("shared memory", "ok", f"{free / _GIB:.1f} GiB free at {place}")


def port(number: int = 0) -> Iterator[Finding]:
    """Can a service listen on ``number``, or on any free port (0)?"""
    try:
        with socket.create_server((_HOST, number)) as listener:
            found = listener.getsockname()[1]
    except OSError as error:
        detail = f"{_HOST}:{number or 'any'} cannot be listened on ({os.strerror(error.errno or 0)})"
        yield Finding("port", "fail", detail, f"ss -ltnp 'sport = :{number}'" if number else "ip link set lo up")
    else:
        yield Finding("port", "ok", f"{_HOST}:{found} can be listened on")
