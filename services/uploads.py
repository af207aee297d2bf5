"""From an HTTP body to files in memory, under the caps on size, number and time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from services.errors import RequestError
from services.settings import Settings

Given = dict[str, str | list[str]]
"""Parameters by name: a text, or several where a name was given several times."""

FIELD = "files"
DRAINED = 8
"""How many times the cap is read and thrown away, so that a client that is still sending gets to read the refusal."""


@dataclass(frozen=True)
class Upload:
    """The files of one request, with the names that the client gave them, and its parameters as they came."""

    names: list[str]
    contents: list[bytes]
    given: Given


async def read_upload(request: Request, settings: Settings) -> Upload:
    """The files in a multipart form (field ``files``) or in a raw image body, with the parameters in query and form.

    Raises:
        RequestError: another content type, field or number of files; too large; too slow.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = content_type.startswith("image/") or content_type == "application/octet-stream"
    if not raw and content_type != "multipart/form-data":
        given = content_type or "none"
        raise RequestError(
            415, "content_type", f"content type {given}: send a multipart form with field {FIELD!r}, or an image body"
        )
    try:
        async with asyncio.timeout(settings.read_seconds), _capped(request, settings.max_body) as capped:
            if raw:
                return Upload(["body"], [await capped.body()], _given(request.query_params.multi_items()))
            return await _read_form(capped, settings)
    except TimeoutError:
        raise RequestError(408, "read_time", f"the body did not arrive within {settings.read_seconds} s") from None


async def _read_form(request: Request, settings: Settings) -> Upload:
    try:
        form = await request.form(max_files=settings.max_files + 1, max_fields=16)
    except (MultiPartException, HTTPException, ValueError, KeyError) as error:
        reason = getattr(error, "detail", None) or str(error)
        status, rule = (413, "max_files") if "Too many files" in reason else (400, "multipart")
        raise RequestError(status, rule, f"the multipart form cannot be read: {reason}") from None
    try:
        files = _files(form, settings)
        names = [file.filename or f"{FIELD}[{i}]" for i, file in enumerate(files)]
        texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        given = _given(request.query_params.multi_items()) | _given(texts)
        return Upload(names, [await file.read() for file in files], given)
    finally:
        await form.close()


def _files(form: FormData, settings: Settings) -> list[UploadFile]:
    files = form.getlist(FIELD)
    if not files:
        given = ", ".join(sorted({repr(key) for key in form})) or "nothing"
        raise RequestError(422, "field", f"no field {FIELD!r} in the form, found {given}; send images as {FIELD!r}")
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


@asynccontextmanager
async def _capped(request: Request, cap: int) -> AsyncIterator[Request]:
    """The same request, whose body raises once it is over ``cap`` bytes."""
    refusal = RequestError(413, "max_body", f"the body is over {cap:,} bytes; send fewer or smaller images")
    declared = request.headers.get("content-length", "")
    over = declared.isdigit() and int(declared) > cap
    if over and request.headers.get("expect", "").lower() == "100-continue":
        raise refusal
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        while message["type"] == "http.request" and (over or received > cap):
            if not message.get("more_body") or received > DRAINED * cap:
                raise refusal
            message = await request.receive()
            received += len(message.get("body", b""))
        return message

    yield Request(request.scope, receive)
