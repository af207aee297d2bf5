"""The certificate that HTTPS is spoken with: two files, read again when they change."""

import logging
import ssl
from pathlib import Path

from services.settings import Settings
from tatara.core.errors import UsageError

logger = logging.getLogger("tatara.service")


def check_certificate(settings: Settings) -> None:
    """Read the files that HTTPS is spoken with.

    Raises:
        UsageError: they cannot be read, or do not belong together.
    """
    if not settings.tls_cert:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as error:
        files = f"TATARA_TLS_CERT={settings.tls_cert} and TATARA_TLS_KEY={settings.tls_key}"
        raise UsageError(f"{files}: no certificate with its key ({error.strerror or error})") from None


class Certificate:
    """The two files as a server sees them. Connections that are open keep the certificate that they began with."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen = self._stamp()

    def renew(self, context: ssl.SSLContext | None) -> None:
        """Put a changed certificate into ``context``; one that cannot be read leaves the one before, and is logged.

        A key that is written before its certificate, or after it, fails once and is tried again when the other comes.
        """
        if context is None or (stamp := self._stamp()) == self._seen:
            return
        self._seen = stamp
        try:
            check_certificate(self._settings)
        except UsageError as error:
            logger.error("the certificate stays as it was: %s", error)
            return
        context.load_cert_chain(self._settings.tls_cert, self._settings.tls_key)
        logger.info("the certificate was renewed")

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        try:
            found = [Path(one).stat() for one in (self._settings.tls_cert, self._settings.tls_key) if one]
        except OSError:
            return ()
        return tuple((one.st_mtime_ns, one.st_ino) for one in found)
