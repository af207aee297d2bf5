"""Where a webhook may go: to global addresses, and to networks that the machine's operator named.

A name is looked up once, every address that it has is checked, and the connection goes to one of those: a name that
means something else a moment later gains nothing.
"""

import ipaddress
import os
import re
import socket
from typing import TYPE_CHECKING

from tatara.core.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from httpx import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NETWORKS = "TATARA_HOOK_NETWORKS"
LONGEST = 2048
TRIED = 4
"""Addresses of a name that are tried, in the resolver's order."""
_EMBEDDING = ipaddress.IPv6Network("64:ff9b::/96")  # NAT64, RFC 6052


def parsed(url: str) -> "URL":
    """The endpoint's URL.

    Raises:
        UsageError: not one, or one with a user, a fragment, or a number for a host.
    """
    from httpx import URL, InvalidURL

    try:
        found = URL(url)
    except (InvalidURL, TypeError, UnicodeError):
        raise UsageError(f"{url[:80]!r} is no URL; write https://HOST/PATH") from None
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise UsageError(f"a webhook's URL is ASCII without spaces, of at most {LONGEST} characters")
    plain = found.scheme in ("https", "http") and (found.port or 1) < 65536
    if not plain or not found.host or found.userinfo or found.fragment:
        raise UsageError(f"{origin(found)}: a webhook's URL is https://HOST/PATH, without a user and a fragment")
    host = found.raw_host.decode().rstrip(".")
    if _is_number(host) and _literal(host) is None:
        raise UsageError(f"{host[:80]!r} is an address in an unusual form; write it as 203.0.113.7, or give a name")
    return found


def origin(url: "URL") -> str:
    """Scheme, host and port: what may be shown of a URL, whose path is often a secret."""
    return f"{url.scheme}://{url.netloc.decode(errors='replace')[:200]}"


def checked(url: "URL") -> list[str]:
    """The addresses that a message to ``url`` may be sent to.

    Raises:
        RefusedError: the host has no address, or one that is not global and in none of the configured networks; or the
            message would go to a global one in the clear.
    """
    host, networks = url.raw_host.decode(), allowed()
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RefusedError(f"{host[:200]} cannot be looked up ({getattr(error, 'strerror', None) or error})") from None
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    for text in found:
        address = ipaddress.ip_address(text)
        named = any(one in network for one in _meant(address) for network in networks)
        if not named and not all(is_global(one) for one in _meant(address)):
            raise RefusedError(
                f"{host[:200]} is {text}, no global address; {NETWORKS} lists others that may be reached"
            )
        if not named and url.scheme != "https":
            raise RefusedError(f"{origin(url)}: a message to a global address goes over https")
    return found[:TRIED]


def is_global(address: Address) -> bool:
    """Whether anybody on the internet may have it, alone."""
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not special and not address.is_link_local


def allowed() -> list[Network]:
    """Networks of ``TATARA_HOOK_NETWORKS``, with commas between them.

    Raises:
        UsageError: one of them is no network.
    """
    found: list[Network] = []
    for text in os.environ.get(NETWORKS, "").split(","):
        if not text.strip():
            continue
        try:
            found.append(ipaddress.ip_network(text.strip()))
        except ValueError as error:
            raise UsageError(f"{NETWORKS}: {error}; write 10.1.0.0/16,192.168.7.9") from None
    return found


def _meant(address: Address) -> list[Address]:
    """The address, and the IPv4 addresses that it stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    found: list[Address] = [address]
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found += address.teredo
    if address in _EMBEDDING:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def _is_number(host: str) -> bool:
    """Whether the C library would read it as an IPv4 address: the last part is a number, hexadecimal too."""
    return bool(re.fullmatch(r"0[xX][0-9a-fA-F]*|\d+", host.rpartition(".")[2]))


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
