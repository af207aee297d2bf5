"""uvicorn's HTTP on httptools, which has no limit of its own on what it keeps of a request's head."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def limited(most: int) -> type[HttpToolsProtocol]:
    """A protocol that closes a connection whose request's head, or what follows a chunked body, is over ``most`` bytes.

    Args:
        most: bytes, about: the first of them may have come with the end of the request before.
    """

    class Limited(HttpToolsProtocol):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self._kept, self._fields, self._in_head = 0, 0, False

        def on_message_begin(self) -> None:
            self._kept, self._fields, self._in_head = 0, 0, True
            super().on_message_begin()

        def on_header(self, name: bytes, value: bytes) -> None:
            self._fields += len(name) + len(value)
            if self._fields > most:
                raise ValueError("too many header fields")  # the parser stops, and the connection is closed
            super().on_header(name, value)

        def on_headers_complete(self) -> None:
            self._in_head = False
            super().on_headers_complete()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._in_head:
                self._kept += len(data)
                if self._kept > most and not self.transport.is_closing():
                    self.transport.write(TOO_LONG)
                    self.transport.close()

    return Limited
