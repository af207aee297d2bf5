"""Downloads that resume where they broke off, and that nobody reads before their checksum is proven."""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.files import read_json, write_json
from tatara.core.progress import progress

if TYPE_CHECKING:
    from requests import Response

BLOCK = 1 << 20
ATTEMPTS = 10
"""How often a broken connection is taken up again within one call, as long as each brings further bytes."""
TIMEOUT = (15.0, 60.0)
"""Seconds to connect, and between two blocks."""


def download(url: str, target: Path, checksums: Mapping[str, str], limit: int) -> str:
    """Bring ``url`` to ``target`` and return its SHA-256. A file there that has ``checksums`` is kept as it is.

    What has arrived lies in ``<target>.part`` until all of it has been verified; with the same ``url`` the next call
    goes on from there, if the server knows ranges and the file's ETag or date is unchanged.

    Args:
        url: http or https.
        target: the file.
        checksums: algorithm (``sha256``, ``md5``) -> hexadecimal digest, all of which must match; may be empty.
        limit: bytes at most.

    Raises:
        UsageError: not an http address.
        TataraError: unreachable, refused by the server, broken off without progress, or no room; what has arrived
            is kept.
        RefusedError: longer than ``limit``, or another checksum; nothing is kept.
    """
    if checksums and target.is_file() and not _difference(target, checksums):
        return file_digests(target, ["sha256"])["sha256"]
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(f"{target}.part")
    try:
        _receive_all(url, part, limit)
        if difference := _difference(part, checksums):
            raise RefusedError(f"{url}: {difference}; nothing was kept: try again, or give another source with url=")
    except RefusedError:
        _drop(part)
        raise
    found = file_digests(part, ["sha256"])["sha256"]
    os.replace(part, target)
    _drop(part)
    return found


def file_digests(path: Path, algorithms: list[str]) -> dict[str, str]:
    """Hexadecimal digests of a file's bytes by algorithm, in one reading."""
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            for running in hashes.values():
                running.update(block)
    return {name: running.hexdigest() for name, running in hashes.items()}


def _difference(path: Path, checksums: Mapping[str, str]) -> str | None:
    found = file_digests(path, list(checksums))
    for name, expected in checksums.items():
        if found[name] != expected.lower():
            return f"{name} is {found[name]}, {expected} was expected ({path.stat().st_size:,} bytes)"
    return None


def _receive_all(url: str, part: Path, limit: int) -> None:
    for _ in range(ATTEMPTS):
        before = _size(part)
        if _receive(url, part, limit):
            return
        if _state(url, part) is None or _size(part) <= before:
            break
    again = "go on" if _state(url, part) else "start over"
    raise TataraError(f"{url}: the connection broke off after {_size(part):,} bytes; run the same again to {again}")


def _receive(url: str, part: Path, limit: int) -> bool:
    """One request. Whether everything has arrived."""
    import requests
    from urllib3.exceptions import HTTPError

    state = _state(url, part)
    if state and state["total"] == _size(part):
        return True
    headers = {"Accept-Encoding": "identity"}
    if state and _size(part):
        headers |= {"Range": f"bytes={_size(part)}-", "If-Range": state["validator"]}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            _save(url, response, part, limit)
            return True
    except (requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema, requests.exceptions.InvalidURL):
        raise UsageError(f"{url!r} is not an address of http or https") from None
    except HTTPError:
        return False
    except requests.RequestException as error:
        raise TataraError(
            f"{url}: cannot be reached ({_reason(error)}); check the connection, or give another source with url="
        ) from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise TataraError(f"{part}: the disk is full; make room and run the same again to go on") from None


def _save(url: str, response: "Response", part: Path, limit: int) -> None:
    if response.status_code == 416:
        _drop(part)
        raise TataraError(f"{url}: the source has changed since the download began; run the same again")
    if not response.ok:
        raise TataraError(
            f"{url}: the server says {response.status_code} {response.reason}; if the file has moved, give its place "
            "with url="
        )
    start = _size(part) if response.status_code == 206 else 0
    if start and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        _drop(part)
        raise TataraError(f"{url}: the server sent another range than was asked for; run the same again")
    length = response.headers.get("Content-Length", "")
    total = start + int(length) if length.isdigit() else None
    _check_room(url, part, total, start, limit)
    if not start:
        write_json(_state_path(part), {"url": url, "validator": _validator(response), "total": total})
    name = part.name.removesuffix(".part")
    blocks = None if total is None else -(-(total - start) // BLOCK)
    with part.open("ab" if start else "wb") as file:
        for block in progress(_blocks(response), blocks, f"download {name}, MiB"):
            start += len(block)
            if start > limit:
                raise RefusedError(f"{url}: more than {limit:,} bytes; that is not the file that was expected")
            file.write(block)


def _blocks(response: "Response") -> Iterator[bytes]:
    while block := response.raw.read(BLOCK, decode_content=False):
        yield block


def _check_room(url: str, part: Path, total: int | None, start: int, limit: int) -> None:
    if total is None:
        return
    if total > limit:
        raise RefusedError(f"{url}: {total:,} bytes, at most {limit:,} were expected; give another source with url=")
    require_room(part.parent, total - start)


def require_room(folder: Path, needed: int) -> None:
    """Refuse early what the disk cannot hold.

    Raises:
        TataraError: fewer than ``needed`` bytes are free where ``folder`` lies.
    """
    if (free := shutil.disk_usage(folder).free) < needed:
        raise TataraError(f"{folder}: {needed / 1e6:,.0f} MB are needed, {free / 1e6:,.0f} MB are free; make room")


def _validator(response: "Response") -> str | None:
    """What an ``If-Range`` may name: a strong ETag, else the date."""
    etag = response.headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")


def _state(url: str, part: Path) -> dict[str, Any] | None:
    """What is known of the file that ``part`` is the beginning of, if the download can go on."""
    if not part.is_file() or not _state_path(part).is_file():
        return None
    state: dict[str, Any] = read_json(_state_path(part))
    return state if state["url"] == url and state["validator"] else None


def _state_path(part: Path) -> Path:
    return Path(f"{part}.json")


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    _state_path(part).unlink(missing_ok=True)


def _reason(error: BaseException) -> str:
    """The innermost cause, such as "Name or service not known" or "Connection refused"."""
    while error.__context__ is not None:
        error = error.__context__
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
