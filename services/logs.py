"""The log of a service: a line of JSON for each request and each event, with the request's id."""

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

from services.seen import CURRENT, Seen

logger = logging.getLogger("tatara.request")
_FORMATS = {
    "json": JsonFormatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s",
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        datefmt="%Y-%m-%dT%H:%M:%S%z",
    ),
    "text": logging.Formatter("%(asctime)s %(levelname)s %(message)s"),
}


class _WithRequest(logging.Filter):
    """Adds the id of the request that is being answered."""

    def filter(self, record: logging.LogRecord) -> bool:
        if (seen := CURRENT.get()) is not None and not hasattr(record, "request_id"):
            record.request_id = seen.id
        return True


def configure(style: str, level: str = "INFO") -> None:
    """Send the service's records to standard error.

    Args:
        style: ``json`` or ``text``.
        level: of `logging`, from which on records are written.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORMATS[style])
    handler.addFilter(_WithRequest())
    root = logging.getLogger("tatara")
    root.handlers, root.propagate = [handler], False
    root.setLevel(level)


def answered(seen: Seen) -> None:
    """One line about a request; health checks and metrics are left out where they went well."""
    quiet = seen.path in ("/livez", "/healthz", "/readyz", "/metrics") and seen.status == 200
    if quiet and not logger.isEnabledFor(logging.DEBUG):
        return
    facts = {
        "request_id": seen.id,
        "status": seen.status,
        "seconds": round(seen.seconds, 6),
        "model": seen.model,
        "version": seen.version,
        "files": len(seen.files),
        "rule": seen.rule,
    }
    text = f"{seen.method} {seen.path} {seen.status} {1e3 * seen.seconds:.1f} ms"
    logger.log(logging.DEBUG if quiet else logging.INFO, text, extra=facts)
