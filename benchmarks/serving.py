"""The service against decode and infer in process: ``python -m benchmarks.serving``.

MobileNetV2 at 224 with fresh weights, JPEG photographs of 481 x 321, 16 connections, alternating rounds on one machine.
Costs about two minutes, half of it TensorFlow's start and the conversion.
"""

import io
import json
import os
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import numpy as np
import psutil

from services.launch import launch
from tatara.core.files import write_json, write_text
from tatara.core.lineage import Chain
from tatara.core.modalities.image import decode
from tatara.core.runtime import Runtime

CONNECTIONS = 16
CLASSES = [f"class {i}" for i in range(12)]


def photographs() -> list[bytes]:
    """Eight JPEG files cut from the photographs that scikit-learn ships."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    found = []
    for pixels in load_sample_images().images:
        for left in range(0, 160, 40):
            stream = io.BytesIO()
            Image.fromarray(pixels[50:371, left : left + 481]).save(stream, "JPEG", quality=90)
            found.append(stream.getvalue())
    return found


def converted(folder: Path, contents: list[bytes]) -> Path:
    """What the convert stage leaves, of an untrained MobileNetV2."""
    from pipelines.conversion.contract import agreed
    from pipelines.conversion.export import export
    from pipelines.conversion.reference import Reference, blank_model
    from pipelines.parameters import resolve, task_module

    parameters = resolve("classification", {"data": "photographs", "model": "mobilenet_v2"})
    contract = agreed(parameters, CLASSES)
    reference = Reference(task_module("classification"), blank_model(parameters, len(CLASSES)), contract, parameters)
    folder.mkdir()
    export(reference, contract, folder)
    (folder / "golden").mkdir()
    cases = []
    for i, content in enumerate(contents[:2]):
        (folder / "golden" / f"{i}.jpg").write_bytes(content)
        np.savez(folder / "golden" / f"{i}.npz", **reference.answer(decode(content)))
        cases.append({"file": f"{i}.jpg", "answer": f"{i}.npz", "label": CLASSES[0]})
    write_json(folder / "golden" / "cases.json", {"tolerances": reference.kind.GOLDEN_TOLERANCES, "cases": cases})
    return folder


def in_process(runtime: Runtime, contents: list[bytes], seconds: float) -> int:
    """Files answered without HTTP, by as many threads as there are cores: the most that this machine can do."""
    end = time.perf_counter() + seconds

    def answer(start: int) -> int:
        for done in count(0):
            if time.perf_counter() >= end:
                return done
            pixels = decode(contents[(start + done) % len(contents)])
            (found,) = runtime.answer([pixels])
            runtime.kind.answer(runtime.contract, found, runtime.kind.Options(), pixels.shape[:2])
        raise AssertionError

    cores = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(cores) as pool:
        return sum(pool.map(answer, range(cores)))


def over_http(url: str, contents: list[bytes], seconds: float, connections: int = CONNECTIONS) -> list[float]:
    """Seconds of each request that was answered within ``seconds``, by clients that share this process."""
    place = urlsplit(url)
    end = time.perf_counter() + seconds
    took: list[float] = []

    def ask(start: int) -> None:
        connection = HTTPConnection(str(place.hostname), place.port)
        for i in count(start):
            began = time.perf_counter()
            connection.request("POST", "/predict", contents[i % len(contents)], {"Content-Type": "image/jpeg"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(body.decode())
            if (now := time.perf_counter()) >= end:
                return
            took.append(now - began)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def run(rounds: int = 5, seconds: float = 5.0) -> dict[str, float]:
    """Medians over alternating rounds: requests a second and CPU time a request, in process and served.

    ``ratio`` is served over in process, of rates; ``cpu_ratio`` of CPU times, which other work on the machine hardly
    touches. Latencies are in milliseconds, with `CONNECTIONS` and with one.
    """
    from pipelines.packaging.bento import Release, build_bento

    contents = photographs()
    found: dict[str, list[float]] = {"in_process": [], "served": [], "in_process_cpu_ms": [], "served_cpu_ms": []}
    busy, single = [], []
    with TemporaryDirectory(prefix="serving-") as temporary:
        folder = Path(temporary)
        converted(folder / "convert", contents)
        write_text(folder / "lineage.json", Chain().then("data", {"name": "photographs"}, {}).model_dump_json())
        release = Release(name="photographs", version="1", tag="photographs:1")
        build_bento(release, folder / "convert", folder / "lineage.json", folder / "home")
        runtime = Runtime(folder / "convert", threads=1)
        with launch("photographs:1", folder / "home", folder / "service.log") as service:
            over_http(service.url, contents, 2)
            in_process(runtime, contents, 2)
            for _ in range(rounds):
                began = time.process_time()
                answered = in_process(runtime, contents, seconds)
                found["in_process"].append(answered / seconds)
                found["in_process_cpu_ms"].append(1e3 * (time.process_time() - began) / answered)
                began = cpu_seconds(service.process.pid)
                took = over_http(service.url, contents, seconds)
                found["served"].append(len(took) / seconds)
                found["served_cpu_ms"].append(1e3 * (cpu_seconds(service.process.pid) - began) / len(took))
                busy += took
                single += over_http(service.url, contents, seconds / 2, connections=1)
    ratios = [served / alone for served, alone in zip(found["served"], found["in_process"], strict=True)]
    cpu = [served / alone for served, alone in zip(found["served_cpu_ms"], found["in_process_cpu_ms"], strict=True)]
    medians = {name: statistics.median(values) for name, values in found.items()}
    latencies = {"p50_ms": statistics.median(busy), "p95_ms": statistics.quantiles(busy, n=20)[-1]}
    latencies["single_p50_ms"] = statistics.median(single)
    return {
        **medians,
        "ratio": statistics.median(ratios),
        "cpu_ratio": statistics.median(cpu),
        **{name: 1e3 * value for name, value in latencies.items()},
    }


def cpu_seconds(pid: int) -> float:
    """Used so far by a process and its children."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in family)


if __name__ == "__main__":
    json.dump({key: round(value, 2) for key, value in run().items()}, sys.stdout)
    sys.stdout.write("\n")
