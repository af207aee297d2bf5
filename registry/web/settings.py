"""How the review is served: where, behind which proxy, and beside which MLflow."""

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from tatara.core.errors import UsageError

HOST, PORT = "127.0.0.1", 8300
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True)
class Settings:
    """Of one server.

    Attributes:
        host, port: to listen on.
        url: that people open, where a proxy stands in front; else made of the two.
        hosts: names that a request may be for, beside that of ``url``.
        header: that a trusted proxy names the signed-in user in; None where people sign in here.
        proxies: addresses whose ``header`` is believed.
        mlflow: address of MLflow's own page, for links to runs; None where there is none.
    """

    host: str = HOST
    port: int = PORT
    url: str = f"http://{HOST}:{PORT}"
    hosts: tuple[str, ...] = ()
    header: str | None = None
    proxies: tuple[str, ...] = ("127.0.0.1",)
    mlflow: str | None = None

    @property
    def secure(self) -> bool:
        """Whether people come over HTTPS."""
        return self.url.startswith("https://")

    @property
    def allowed_hosts(self) -> list[str]:
        """Names that a request may be for."""
        local = ["localhost", "127.0.0.1"] if self.host in ("127.0.0.1", "localhost") else [self.host]
        return list(dict.fromkeys([urlsplit(self.url).hostname or self.host, *self.hosts, *local]))


def settings(host: str = HOST, port: int = PORT, url: str | None = None) -> Settings:
    """Settings from options and from ``TATARA_REVIEW_URL``, ``TATARA_REVIEW_HOSTS``, ``TATARA_REVIEW_HEADER``,
    ``TATARA_REVIEW_PROXIES`` (lists with commas) and ``TATARA_MLFLOW_UI``.

    Raises:
        UsageError: one of them is not what it should be; the message names it.
    """
    shown = f"[{host}]" if ":" in host else host
    if _everywhere(host) and not (url or os.environ.get("TATARA_REVIEW_URL")):
        raise UsageError(f"host={host} needs the address that people open: url=https://NAME")
    given = url or os.environ.get("TATARA_REVIEW_URL") or f"http://{shown}:{port}"
    return Settings(
        host=host, port=port, url=_address("url", given), hosts=tuple(_list("TATARA_REVIEW_HOSTS")), header=_header(),
        proxies=tuple(map(_proxy, _list("TATARA_REVIEW_PROXIES"))) or ("127.0.0.1",),
        mlflow=_address("TATARA_MLFLOW_UI", ui) if (ui := os.environ.get("TATARA_MLFLOW_UI")) else None,
    )  # fmt: skip


def _everywhere(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _list(variable: str) -> list[str]:
    return [one.strip() for one in os.environ.get(variable, "").split(",") if one.strip()]


def _address(what: str, given: str) -> str:
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{what}={given[:100]!r} is no address; write https://NAME or http://NAME:PORT")
    return given.rstrip("/")


def _header() -> str | None:
    given = os.environ.get("TATARA_REVIEW_HEADER")
    if given and not _HEADER.fullmatch(given):
        raise UsageError(f"TATARA_REVIEW_HEADER={given[:80]!r} is no header's name, like X-Forwarded-User")
    return given or None


def _proxy(given: str) -> str:
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        raise UsageError(f"TATARA_REVIEW_PROXIES: {given[:80]!r} is no IP address") from None
