"""Traces, as a collector receives them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services import tracing
from services.seen import Seen
from tatara.core.errors import UsageError

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@contextmanager
def collecting() -> Iterator[tuple[str, list[Any]]]:
    """The URL of a collector, and the spans that it gets."""
    spans: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            for resource in ExportTraceServiceRequest.FromString(content).resource_spans:
                spans.extend((resource.resource, span) for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        server.server_close()


def test_a_request_and_its_steps_are_spans_of_the_callers_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting() as (url, spans):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "furnace")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        assert tracing.wanted()
        export, end = tracing.tracer()
        seen = Seen("request-1", "POST", "/predict", began=1_800_000_000.0, status=200, seconds=0.5)
        seen.model, seen.version, seen.lineage = "colours", "3", "f" * 64
        second = 1_800_000_000 * 10**9
        seen.stages = [("decode", second, second + 1000), ("inference", second + 1000, second + 5000)]
        export(seen, {"traceparent": PARENT})
        end()
    by_name = {span.name: span for _, span in spans}
    assert set(by_name) == {"POST /predict", "decode", "inference"}
    request = by_name["POST /predict"]
    assert request.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert request.parent_span_id.hex() == "b7ad6b7169203331"
    assert request.end_time_unix_nano - request.start_time_unix_nano == 500_000_000
    assert by_name["decode"].parent_span_id == by_name["inference"].parent_span_id == request.span_id
    assert by_name["inference"].end_time_unix_nano - by_name["inference"].start_time_unix_nano == 4000
    said = {one.key: one.value.string_value or one.value.int_value for one in request.attributes}
    assert said["tatara.version"] == "3"
    assert said["http.response.status_code"] == 200
    assert {one.key: one.value.string_value for one in spans[0][0].attributes}["service.name"] == "furnace"


def test_nothing_is_traced_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert not tracing.wanted()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    assert tracing.wanted()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert not tracing.wanted()
    monkeypatch.delenv("OTEL_TRACES_EXPORTER")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not tracing.wanted()


def test_another_protocol_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(UsageError, match="only http/protobuf"):
        tracing.tracer()
