"""From an HTTP body to files or an array in memory, under the caps on size, number and time."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Message

from services.errors import RequestError
from services.limits import Held
from services.settings import Settings
from services.tensors import NPY, RAW, read_array

Given = dict[str, str | list[str]]
"""Parameters by name: a text, or several where a name was given several times."""

FIELD = "files"
DRAINED = 8
"""How many times the cap is read and thrown away, so that a client that is still sending gets to read the refusal."""


@dataclass(frozen=True)
class Upload:
    """What one request brings.

    Attributes:
        names: that the client gave the files.
        contents: of the files.
        given: the parameters as they came.
        array: in place of files.
    """

    names: list[str]
    contents: list[bytes]
    given: Given
    array: NDArray[Any] | None = None


async def read_upload(request: Request, settings: Settings, held: Held, media: str) -> Upload:
    """The files in a multipart form (field ``files``), a raw file or an array as the body, with the parameters.

    Args:
        request: with parameters in its query, and in its form.
        settings: with the caps.
        held: is told of the bytes that arrive.
        media: how the content types of the model's files begin, such as ``image/``.

    Raises:
        RequestError: another content type, field or number of files; too large; too slow.
    """
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    raw = kind.startswith(media) or kind == "application/octet-stream"
    if not raw and kind not in ("multipart/form-data", NPY, RAW):
        raise RequestError(
            415,
            "content_type",
            f"content type {kind or 'none'}: send a form with field {FIELD!r}, a file as {media}*, {NPY} or {RAW}",
        )
    if kind == "multipart/form-data":
        async with arriving(request, settings, held) as capped:
            return await _read_form(capped, settings)
    content = await read_body(request, settings, held)
    given = _given(request.query_params.multi_items()) if request.scope["query_string"] else {}
    return Upload(["body"], [content], given) if raw else Upload([], [], given, read_array(content, content_type))


async def read_body(request: Request, settings: Settings, held: Held) -> bytes:
    """The whole body.

    Raises:
        RequestError: too large, too slow, or compressed.
    """
    async with arriving(request, settings, held) as capped:
        return await capped.body()


@asynccontextmanager
async def arriving(request: Request, settings: Settings, held: Held) -> AsyncIterator[Request]:
    """The same request, whose body is held to its caps on bytes and time while it is read.

    Raises:
        RequestError: too large, too slow, or compressed.
    """
    if (coding := request.headers.get("content-encoding", "identity").lower()) != "identity":
        raise RequestError(415, "encoding", f"content encoding {coding[:40]}: send the body as it is")
    try:
        async with asyncio.timeout(settings.read_seconds):
            yield _capped(request, settings.max_body, held)
    except TimeoutError:
        raise RequestError(408, "read_time", f"the body did not arrive within {settings.read_seconds} s") from None


class _Parser(MultiPartParser):
    """Keeps files in memory, as the caps allow: disks may be full or read-only."""

    spool_max_size = sys.maxsize


async def _read_form(request: Request, settings: Settings) -> Upload:
    parser = _Parser(
        request.headers, request.stream(), max_files=settings.max_files + 1, max_fields=settings.max_fields
    )
    try:
        form = await parser.parse()
    except (MultiPartException, HTTPException, ValueError, KeyError) as error:
        raise _malformed(getattr(error, "detail", None) or getattr(error, "message", None) or str(error)) from None
    try:
        files = _files(form, settings)
        names = [file.filename or f"{FIELD}[{i}]" for i, file in enumerate(files)]
        texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        given = _given(request.query_params.multi_items()) | _given(texts)
        return Upload(names, [await file.read() for file in files], given)
    finally:
        await form.close()


def _malformed(reason: str) -> RequestError:
    rules = {"Too many files": (413, "max_files"), "Too many fields": (413, "max_fields")}
    found = next((found for words, found in rules.items() if reason.startswith(words)), (400, "multipart"))
    return RequestError(*found, f"the multipart form cannot be read: {reason}")


def _files(form: FormData, settings: Settings) -> list[UploadFile]:
    files = form.getlist(FIELD)
    if not files:
        given = ", ".join(sorted({repr(key) for key in form})) or "nothing"
        raise RequestError(422, "field", f"no field {FIELD!r} in the form, found {given}; send files as {FIELD!r}")
    if len(files) > settings.max_files:
        raise RequestError(413, "max_files", f"{len(files)} files, at most {settings.max_files} are taken at once")
    uploads = [file for file in files if isinstance(file, UploadFile)]
    if len(uploads) != len(files):
        raise RequestError(422, "field", f"field {FIELD!r} is text; send a file with a file name")
    return uploads


def _given(items: Sequence[tuple[str, str]]) -> Given:
    found: dict[str, list[str]] = {}
    for name, value in items:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _capped(request: Request, cap: int, held: Held) -> Request:
    """The same request, whose body raises once it is over ``cap`` bytes, or over what all bodies may hold."""
    refusal = RequestError(413, "max_body", f"the body is over {cap:,} bytes; send fewer or smaller files")
    declared = request.headers.get("content-length", "")
    over = declared.isdigit() and int(declared) > cap
    if over and request.headers.get("expect", "").lower() == "100-continue":
        raise refusal
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if not over and received <= cap:
            held.more(len(message.get("body", b"")))
        while message["type"] == "http.request" and (over or received > cap):
            if not message.get("more_body") or received > DRAINED * cap:
                raise refusal
            message = await request.receive()
            received += len(message.get("body", b""))
        return message

    return Request(request.scope, receive)
