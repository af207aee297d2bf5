"""How a connection's requests are read: uvicorn's reader, which keeps no head that is longer than it may be."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.errors import PROBLEM, RequestError, problem
from tatara.core.files import canonical_json


class BoundedProtocol(HttpToolsProtocol):
    """httptools has no limit of its own: an endless header would be kept until the memory ends.

    The limit is ``h11_max_incomplete_event_size`` of uvicorn's configuration, in bytes, which means the same to h11.
    What is a little longer than allowed, but whole, is refused by the door, with the answer's usual headers.
    """

    _in_head, _began, _head = False, False, 0

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self._in_head, self._began, self._head = True, True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its last header's last byte."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes of whatever."""
        self._began = False
        super().data_received(data)
        self._head += 0 if self._began else len(data)  # where a head begins, another request may end in the same bytes
        most: Any = self.config.h11_max_incomplete_event_size
        if self._in_head and most is not None and self._head > most and not self.transport.is_closing():
            self._refuse(most)

    def _refuse(self, most: int) -> None:
        error = RequestError(431, "max_header", f"address and headers are over {most:,} bytes and go on")
        body = canonical_json(problem(error)) + "\n"
        head = f"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: {PROBLEM}\r\n"
        head += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write((head + body).encode())
        self.transport.close()
