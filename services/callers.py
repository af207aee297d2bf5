"""Who asks, and how often: API keys, a trusted proxy's word, and a rate for each."""

import ipaddress
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.errors import RequestError
from services.keys import Keys
from services.settings import Settings
from tatara.core.errors import UsageError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PROBES = frozenset({"/livez", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
OPEN = PROBES | {"/", "/page/{name}", "/deployments"}
"""Paths that anybody may read: probes carry no key, and the pages themselves say nothing about the model."""
MOST_BUCKETS = 10_000
logger = logging.getLogger("tatara.service")


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        name: for logs: of the key, or the user that the proxy names, or the address.
        rate: requests a second, in place of the service's own; None where it has none.
    """

    name: str
    rate: int | None = None


class Callers:
    """Says who asks by the settings.

    Raises:
        UsageError: the proxies are no addresses.
        TataraError: the file of keys cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._keys = Keys(Path(settings.keys)) if settings.keys else None
        self._header = settings.proxy_header.lower().encode()
        self._proxies = [_network(part) for part in settings.proxies.split(",")] if self._header else []
        self._trouble: str | None = None

    def caller(self, scope: Mapping[str, Any], path: str) -> Caller:
        """Who asks.

        Args:
            scope: of ASGI.
            path: as the routes write it.

        Raises:
            RequestError: a key is needed, and none that holds was given (401).
        """
        address = str((scope.get("client") or ("unknown",))[0])
        headers = dict(scope["headers"])
        if self._header and (user := headers.get(self._header)) and self._trusted(address):
            return Caller(f"user {user.decode('latin-1')[:80]}")
        if self._keys is not None and (given := _given(headers)):
            found = self._keys.find(given)
            self._tell_trouble(self._keys.trouble)
            if found is not None:
                return Caller(f"key {found.id}", found.rate)
        if path in OPEN or not (self._header or self._keys):
            return Caller(f"address {address}")
        how = (
            "no API key" if self._keys is None or not _given(headers) else "the API key is unknown, revoked or expired"
        )
        raise RequestError(
            401,
            "key",
            f"{how}; send one that holds as `Authorization: Bearer KEY`",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _trusted(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._proxies)

    def _tell_trouble(self, trouble: str | None) -> None:
        if trouble != self._trouble and trouble is not None:
            logger.error("the API keys stay as they were: %s", trouble)
        self._trouble = trouble


def _given(headers: dict[bytes, bytes]) -> str:
    scheme, _, value = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else headers.get(b"x-api-key", b"").decode("latin-1").strip()


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise UsageError(f"TATARA_PROXIES: {text.strip()[:80]!r} is no address or network") from None


class Rates:
    """A token bucket for each caller: ``rate`` requests a second, ``burst`` at once."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = settings.rate, settings.burst, clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def count(self, caller: Caller) -> None:
        """One more request.

        Raises:
            RequestError: over the caller's rate (429), with the seconds after which one more is taken.
        """
        rate = caller.rate or self._rate
        if not rate:
            return
        most, now = max(self._burst or rate, 1), self._clock()
        left, then = self._buckets.get(caller.name, (float(most), now))
        left = min(float(most), left + (now - then) * rate)
        if left < 1:
            wait = max(1, math.ceil((1 - left) / rate))
            message = f"{caller.name} is over {rate} requests a second; wait {wait} s"
            raise RequestError(429, "rate", message, headers={"Retry-After": str(wait)})
        if len(self._buckets) >= MOST_BUCKETS and caller.name not in self._buckets:
            self._forget()
        self._buckets[caller.name] = (left - 1, now)

    def _forget(self) -> None:
        """The half that was quiet the longest: most of them are full again."""
        quiet = sorted(self._buckets, key=lambda name: self._buckets[name][1])
        for name in quiet[: len(quiet) // 2]:
            del self._buckets[name]
