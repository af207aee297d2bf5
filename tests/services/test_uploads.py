"""A sender that never finishes is given up."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from services.errors import RequestError
from services.limits import Gate
from services.settings import Settings
from services.uploads import read_upload


def test_a_slow_sender_is_given_up() -> None:
    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    headers = [(b"content-type", b"image/png")]
    request = Request({"type": "http", "method": "POST", "headers": headers, "query_string": b""}, never)

    settings = Settings(read_seconds=0)
    with (
        Gate(settings).holding() as held,
        pytest.raises(RequestError, match="did not arrive within 0 s") as caught,
    ):
        asyncio.run(read_upload(request, settings, held, "image/"))
    assert (caught.value.status, caught.value.rule) == (408, "read_time")
