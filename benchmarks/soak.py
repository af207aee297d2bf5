"""A hundred thousand requests of every kind, and whether the service grew.

    python -m benchmarks.soak [requests=100000] [connections=8] [bound=32]

Images, arrays, tensors of the Open Inference Protocol, pictures, refused files, unknown paths and clients who leave, to
a small classifier served as a Bento. Memory, open files and threads are looked at after a tenth of the requests and
after each further tenth. Prints one JSON object; exits with 1 where the memory grew by more than ``bound`` MiB, files
or threads by more than a few, or an answer was a 5xx. Costs about twelve minutes on two cores.
"""

import io
import json
import socket
import sys
import threading
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil

LEAVES = "leaves"


def kinds() -> list[tuple[str, str, dict[str, str], bytes]]:
    """Method, path, headers and body of each kind of request; the method `LEAVES` closes before the answer."""
    from tests.services.images import encoded, scene
    from tests.services.model_folder import plain

    stream = io.BytesIO()
    np.save(stream, np.asarray(scene()))
    image, form = {"Content-Type": "image/png"}, {"Content-Type": "multipart/form-data; boundary=b"}
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n%b\r\n'
    tensor = {"name": "image", "shape": [1, 16, 16, 3], "datatype": "UINT8", "data": [9] * 768}
    infer = json.dumps({"inputs": [tensor]}).encode()
    return [
        ("POST", "/predict", image, encoded(scene())),
        ("POST", "/predict", form, part % plain(200, 1, 1) * 3 + b"--b--\r\n"),
        ("POST", "/predict", {"Content-Type": "application/x-npy"}, stream.getvalue()),
        ("POST", "/predict", image | {"Accept": "application/x-npz"}, encoded(scene())),
        ("POST", "/v2/models/colours/infer", {"Content-Type": "application/json"}, infer),
        ("POST", "/render", image, plain(1, 200, 1)),
        ("POST", "/predict", image, encoded(scene())[:-40]),
        ("POST", "/predict", image, b"x" * 70_000),
        ("POST", "/v2/models/colours/infer", {"Content-Type": "application/json"}, b"[" * 1000),
        ("GET", "/nowhere", {}, b""),
        ("GET", "/metrics", {}, b""),
        (LEAVES, "/predict", image, encoded(scene())),
    ]


def ask(url: str, count: int, connections: int) -> Counter[str]:
    """How often each status came."""
    place, found = urlsplit(url), [Counter[str]() for _ in range(connections)]
    each = kinds()

    def work(own: Counter[str], start: int) -> None:
        connection = HTTPConnection(str(place.hostname), place.port, timeout=60)
        for position in range(start, count, connections):
            method, path, headers, body = each[position % len(each)]
            if method == LEAVES:
                head = (
                    f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                with socket.create_connection((str(place.hostname), int(place.port or 80))) as leaving:
                    leaving.sendall(head.encode() + body)
                own[LEAVES] += 1
                continue
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            own[str(answer.status)] += 1
        connection.close()

    threads = [threading.Thread(target=work, args=(own, start)) for start, own in enumerate(found)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(found, Counter())


def held(process: psutil.Process) -> dict[str, float]:
    """What the worker holds."""
    return {
        "mib": process.memory_info().rss / 2**20,
        "files": process.num_fds(),
        "threads": process.num_threads(),
    }


def run(requests: int, connections: int, bound: float) -> dict[str, Any]:
    """Serve, ask, look."""
    from services.launch import launch
    from tests.services.model_folder import BOUNDS, build

    with TemporaryDirectory(prefix="soak-") as folder:
        home = build(Path(folder), bounds=BOUNDS)
        with launch("colours:1", home, Path(folder) / "log") as service:
            worker = psutil.Process(service.process.pid).children(recursive=True)[-1]
            statuses: Counter[str] = Counter()
            looked = []
            for _ in range(10):
                statuses += ask(service.url, requests // 10, connections)
                looked.append(held(worker))
                print(json.dumps(looked[-1]), file=sys.stderr, flush=True)
    grew = {name: looked[-1][name] - looked[0][name] for name in looked[0]}
    failed = grew["mib"] > bound or grew["files"] > 8 or grew["threads"] > 2 or any(one[0] == "5" for one in statuses)
    return {"requests": sum(statuses.values()), "statuses": statuses, "grew": grew, "at": looked, "failed": failed}


def main() -> int:
    """Read the command line and print."""
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    found = run(int(given.get("requests", 100_000)), int(given.get("connections", 8)), float(given.get("bound", 32)))
    print(json.dumps(found))
    return 1 if found["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
