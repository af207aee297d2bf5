"""OpenTelemetry traces: a span for each request and one for each of its steps, set up by OpenTelemetry's own variables.

``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``) turns them on; ``OTEL_SERVICE_NAME``,
``OTEL_TRACES_SAMPLER``, ``OTEL_EXPORTER_OTLP_HEADERS`` and the others mean what OpenTelemetry's documentation says.
"""

import os
from collections.abc import Callable, Mapping

from services.seen import Seen
from tatara.core.errors import UsageError

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

Trace = Callable[[Seen, Mapping[str, str]], None]
"""Takes an answered request and its headers, ``traceparent`` among them."""


def wanted() -> bool:
    """Whether the environment asks for traces."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    named = os.environ.get("OTEL_TRACES_EXPORTER", "otlp")
    return not off and named == "otlp" and any(os.environ.get(name) for name in _ENDPOINTS)


def tracer() -> tuple[Trace, Callable[[], None]]:
    """What exports one request in the background, and what ends that, having sent what is left.

    Raises:
        UsageError: the exporter is not installed, or the environment asks for one that is not there.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise UsageError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set and OpenTelemetry's exporter is not installed; install the observe lock"
        ) from None
    from opentelemetry import propagate, trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    protocol = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    if protocol != "http/protobuf":
        raise UsageError(f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol}: only http/protobuf is sent")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    source = provider.get_tracer("tatara")

    def export(seen: Seen, headers: Mapping[str, str]) -> None:
        began = int(seen.began * 1e9)
        span = source.start_span(
            f"{seen.method} {seen.path}",
            propagate.extract(dict(headers)),
            trace.SpanKind.SERVER,
            _attributes(seen),
            start_time=began,
        )
        inside = trace.set_span_in_context(span)
        for name, start, end in seen.stages:
            source.start_span(name, inside, start_time=start).end(end)
        if seen.status >= 500:
            span.set_status(trace.Status(trace.StatusCode.ERROR, seen.rule))
        span.end(began + int(seen.seconds * 1e9))

    return export, provider.shutdown


def _attributes(seen: Seen) -> dict[str, str | int]:
    found: dict[str, str | int] = {
        "http.request.method": seen.method,
        "http.route": seen.path,
        "http.response.status_code": seen.status,
        "tatara.request_id": seen.id,
        "tatara.files": len(seen.files),
    }
    named = {"tatara.model": seen.model, "tatara.version": seen.version, "tatara.lineage": seen.lineage}
    return found | {name: value for name, value in (named | {"tatara.rule": seen.rule}).items() if value}
