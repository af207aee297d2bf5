"""A service asked for four times what it can do.

    python -m benchmarks.overload [seconds=10] [times=4] [url=http://...]

First its peak (16 connections, each asks again when it is answered), then requests at even distances, ``times`` as many
a second, whatever becomes of those before. Prints ``peak`` and ``goodput`` (answers a second), their ``ratio`` (aim:
0.90), the same with the cores that the load generator took left out (``ratio_of_cores``), and how long refusals took
(aim: 50 ms), with what else came back. Costs about two minutes on two cores, half of
it the making of a MobileNetV2.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections import Counter, deque
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import uvloop

from tatara.core.cores import cores

PEAK_CONNECTIONS, MOST_CONNECTIONS = 16, 512
REFUSED = ("429", "503")


class Asker(asyncio.Protocol):
    """One connection, one request at a time; ``ask`` gives the answer's status."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self._transport: Any = transport
        self._answer: asyncio.Future[str] | None = None

    def ask(self, request: bytes) -> "asyncio.Future[str]":
        """Send; the answer is read whole."""
        self._bytes = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Until the length that the head names."""
        self._bytes += data
        head, found, rest = self._bytes.partition(b"\r\n\r\n")
        if found and self._answer is not None and not self._answer.done():
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(rest) >= length:
                self._answer.set_result(head[9:12].decode())

    def connection_lost(self, error: Exception | None) -> None:
        """Told as a status of its own."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result("closed")

    def close(self) -> None:
        """From this side."""
        self._transport.close()


async def ask(url: str, requests: list[bytes], seconds: float, rate: float) -> list[tuple[str, float]]:
    """Status and seconds of each request: back to back on a few connections, or ``rate`` a second."""
    place, loop = urlsplit(url), asyncio.get_running_loop()
    free: deque[Asker] = deque()
    found: list[tuple[str, float]] = []
    end = time.perf_counter() + seconds

    async def connect() -> Asker:
        return (await loop.create_connection(Asker, place.hostname, place.port))[1]

    async def one(position: int, at: float) -> None:
        asker = free.popleft() if free else await connect()
        status = await asker.ask(requests[position % len(requests)])
        found.append((status, time.perf_counter() - at))
        if status != "closed":
            free.append(asker)

    async def again(position: int) -> None:
        while time.perf_counter() < end:
            await one(position, time.perf_counter())
            position += 1

    if not rate:
        await asyncio.gather(*map(again, range(PEAK_CONNECTIONS)))
    else:
        free.extend([await connect() for _ in range(MOST_CONNECTIONS)])
        began = time.perf_counter()
        tasks = []
        for position in range(int(seconds * rate)):
            at = began + position / rate
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            tasks.append(asyncio.create_task(one(position, at)))
        await asyncio.gather(*tasks)
    for asker in free:
        asker.close()
    return found


def told(found: list[tuple[str, float]], seconds: float) -> dict[str, Any]:
    """Answers a second, and what the others got, in milliseconds."""
    refusals = sorted(1e3 * took for status, took in found if status in REFUSED)
    answers = sorted(1e3 * took for status, took in found if status == "200")
    return {
        "answered": len(answers) / seconds,
        "answer_p50_ms": statistics.median(answers) if answers else None,
        "refusal_p50_ms": statistics.median(refusals) if refusals else None,
        "refusal_p99_ms": refusals[int(0.99 * len(refusals))] if refusals else None,
        "statuses": dict(Counter(status for status, _ in found)),
        "cores": time.process_time() / seconds,
    }


def load(url: str, seconds: float, rate: float, folder: str) -> dict[str, Any]:
    """`ask`, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.overload", "load", url, str(seconds), str(rate), folder]
    return dict(json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout))


def measure(url: str, seconds: float, times: float, photographs: list[bytes]) -> dict[str, Any]:
    """Peak and overload of a service, in three alternating rounds; medians."""
    rounds = []
    with TemporaryDirectory() as folder:
        for position, content in enumerate(photographs):
            Path(folder, f"{position}.jpg").write_bytes(content)
        load(url, 2, 0, folder)
        for _ in range(3):
            peak = load(url, seconds, 0, folder)
            over = load(url, seconds, times * peak["answered"], folder)
            ratio = over["answered"] / peak["answered"]
            free = (cores() - peak["cores"]) / (cores() - over["cores"])
            rounds.append({"peak": peak["answered"], "ratio": ratio, "ratio_of_cores": ratio * free, **over})
    middle = sorted(rounds, key=lambda one: float(one["ratio"]))[1]
    return {"goodput": middle.pop("answered"), **middle}


def main() -> None:
    """Read the command line, serve, measure, print."""
    if sys.argv[1:2] == ["load"]:
        url, seconds, rate, folder = sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5])
        requests = []
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
            head += f"Content-Length: {len(content)}\r\n\r\n"
            requests.append(head.encode() + content)
        print(json.dumps(told(uvloop.run(ask(url, requests, seconds, rate)), seconds)))
        return
    from benchmarks.serving_model import TAG, photographs

    given = dict(word.split("=", 1) for word in sys.argv[1:])
    seconds, times = float(given.get("seconds", 10)), float(given.get("times", 4))
    if "url" in given:
        print(json.dumps(measure(given["url"], seconds, times, photographs())))
        return
    from benchmarks.serving import build
    from services.launch import launch

    with TemporaryDirectory(prefix="overload-") as temporary:
        folder = Path(temporary)
        build(folder)
        with launch(TAG, folder / "home", folder / "service.log") as service:
            print(json.dumps(measure(service.url, seconds, times, photographs())))


if __name__ == "__main__":
    main()
