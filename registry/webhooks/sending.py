"""One attempt at one message: to a checked address, bounded in time, without following anything."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.webhooks import addresses
from registry.words import harmless
from tatara.core.errors import TataraError

if TYPE_CHECKING:
    from ssl import SSLContext

    from httpx import URL

SECONDS = 15.0
"""Of a whole attempt, however slowly the other side writes."""
SAID = 200
"""Characters that are kept of how it ended."""
GONE = 410


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: ``said`` in words; ``final`` where another one is of no use."""

    delivered: bool
    said: str
    final: bool = False


async def send(url: str, headers: dict[str, str], body: bytes) -> Outcome:
    """POST ``body``; nothing of the answer is read but its status. Does not raise."""
    from httpx import HTTPError

    try:
        async with asyncio.timeout(SECONDS):
            target = addresses.parsed(url)
            there = await asyncio.to_thread(addresses.checked, target)
            status = await _post(target, there, headers, body)
    except TimeoutError:
        return Outcome(False, f"no answer within {SECONDS:g} seconds")
    except (TataraError, HTTPError, OSError, ValueError) as error:
        reason = " ".join(harmless(str(error)).split()) or type(error).__name__
        return Outcome(False, reason[:SAID])
    return Outcome(200 <= status < 300, f"HTTP {status}", final=status == GONE)


async def _post(url: "URL", there: list[str], headers: dict[str, str], body: bytes) -> int:
    """The status that the first address gave that could be connected to."""
    from httpx import AsyncClient, ConnectError, create_ssl_context

    host = url.raw_host.decode()
    given = {**headers, "Host": url.netloc.decode(), "Content-Type": "application/json", "User-Agent": "tatara"}
    trusted: SSLContext = create_ssl_context(trust_env=True)  # SSL_CERT_FILE; proxies would undo the check
    async with AsyncClient(verify=trusted, trust_env=False, follow_redirects=False, timeout=SECONDS) as client:
        for address in there:
            request = client.build_request(
                "POST", url.copy_with(host=address), content=body, headers=given, extensions={"sni_hostname": host}
            )
            try:
                response = await client.send(request, stream=True)
            except ConnectError:
                if address == there[-1]:
                    raise
                continue
            await response.aclose()
            return response.status_code
    raise ConnectError("no address")
