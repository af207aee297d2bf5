"""The sides of the serving benchmark: each answers the same photographs, in process or as a server of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from benchmarks.contenders.graphs import FOLDER, GRAPH
from benchmarks.serving_model import TAG
from services.launch import HOST, free_port, launch
from tatara.core.cores import cores
from tatara.core.errors import TataraError
from tatara.core.files import write_bytes, write_json
from tatara.core.modalities.image import decode
from tatara.core.runtime import INT8, Runtime

READY_SECONDS = 120.0
BOUNDARY = "photograph"


@dataclass(frozen=True)
class Built:
    """What `benchmarks.serving_model` wrote, and which of its graphs is meant."""

    folder: Path
    int8: bool = False

    @property
    def convert(self) -> Path:
        """The model folder."""
        return self.folder / "convert"

    @property
    def graph(self) -> str:
        """File name of the batch model."""
        return INT8 if self.int8 else "model.onnx"

    @property
    def files(self) -> list[Path]:
        """The photographs."""
        return sorted((self.folder / "files").glob("*.jpg"))


@dataclass
class Server:
    """A server under test.

    Attributes:
        process: whose tree is the server.
        url: that is asked.
        content_type, bodies: of its requests, the bodies as files.
    """

    process: psutil.Process
    url: str
    content_type: str
    bodies: list[Path]

    def cpu(self) -> float:
        """Seconds that its processes have used so far."""
        total = 0.0
        for process in (self.process, *self.process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:2])
        return total


@dataclass
class InProcess:
    """Answers made by a function, one after the other by each of ``threads``."""

    answer: Callable[[bytes], Any]
    contents: list[bytes]
    threads: int
    latencies: list[float] = field(default_factory=list)

    def run(self, seconds: float) -> tuple[int, float]:
        """Answers within ``seconds``, and the CPU seconds that they took."""
        began, end = time.process_time(), time.perf_counter() + seconds

        def work(start: int) -> int:
            for done in count():
                at = time.perf_counter()
                self.answer(self.contents[(start + done) % len(self.contents)])
                if (now := time.perf_counter()) >= end:
                    return done
                self.latencies.append(now - at)
            raise AssertionError

        with ThreadPoolExecutor(self.threads) as pool:
            answered = sum(pool.map(work, range(self.threads)))
        return answered, time.process_time() - began


def ceiling(built: Built) -> InProcess:
    """Every core on decoding, preparing, inferring and answering, without HTTP: the most that this machine can do."""
    runtime = Runtime(built.convert, threads=1, model_file=built.graph)
    options = runtime.kind.Options()

    def answer(content: bytes) -> None:
        pixels = decode(content)
        outputs = runtime.infer(runtime.prepare(pixels)[None])
        row = {name: values[0] for name, values in outputs.items()}
        runtime.kind.answer(runtime.contract, runtime.finish(row, pixels.shape[:2]), options, pixels.shape[:2])

    return InProcess(answer, [path.read_bytes() for path in built.files], cores())


def floor(built: Built) -> InProcess:
    """Decode and infer one after the other, with ONNX Runtime's default threads: what a notebook does."""
    import io

    from PIL import Image

    from benchmarks.contenders.graphs import Graphs

    os.environ |= {FOLDER: str(built.convert), GRAPH: built.graph}
    graphs = Graphs()

    def answer(content: bytes) -> None:
        prepared = graphs.prepare(Image.open(io.BytesIO(content)))
        graphs.answer(graphs.infer(prepared[None])[0])

    return InProcess(answer, [path.read_bytes() for path in built.files], 1)


@contextmanager
def ours(built: Built) -> Iterator[Server]:
    """The Bento, as `tatara serve` starts it."""
    environment = {"TATARA_INT8": "1"} if built.int8 else {}
    log = built.folder / f"ours{'-int8' if built.int8 else ''}.log"
    with launch(TAG, built.folder / "home", log, environment=environment) as service:
        process = psutil.Process(service.process.pid)
        yield Server(process, f"{service.url}/predict", "image/jpeg", built.files)


@contextmanager
def fastapi(built: Built) -> Iterator[Server]:
    """FastAPI under uvicorn."""
    port = free_port()
    command = [
        "uvicorn",
        "benchmarks.contenders.fastapi_app:app",
        "--host",
        HOST,
        "--port",
        str(port),
        "--no-access-log",
    ]
    with _child("fastapi", built, ["-m", *command], port) as process:
        yield Server(process, f"http://{HOST}:{port}/predict", *_forms(built, "file"))


@contextmanager
def litserve(built: Built) -> Iterator[Server]:
    """LitServe, where it is installed: the dev extra has it."""
    port = free_port()
    with _child("litserve", built, ["-m", "benchmarks.contenders.litserve_app", str(port)], port) as process:
        yield Server(process, f"http://{HOST}:{port}/predict", *_forms(built, "request"))


@contextmanager
def bentoml(built: Built) -> Iterator[Server]:
    """BentoML's documented service."""
    port = free_port()
    command = ["bentoml", "serve", "benchmarks.contenders.bentoml_app:Classifier", "--host", HOST, "--port", str(port)]
    with _child("bentoml", built, ["-m", *command], port) as process:
        yield Server(process, f"http://{HOST}:{port}/predict", *_forms(built, "images"))


@contextmanager
def mlflow(built: Built) -> Iterator[Server]:
    """``mlflow models serve``, which reads no images: it is sent prepared tensors as JSON."""
    target, port = built.folder / f"mlflow{'-int8' if built.int8 else ''}", free_port()
    if not target.exists():
        command = [sys.executable, "-m", "benchmarks.contenders.mlflow_model", str(target)]
        subprocess.run(command, check=True, env=_environment(built), stdout=sys.stderr)
    runtime, body = Runtime(built.convert), built.folder / "mlflow.json"
    if not body.exists():
        prepared = runtime.prepare(decode(built.files[0].read_bytes()))
        write_json(body, {"inputs": {"prepared": prepared[None].tolist()}})
    command = ["mlflow", "models", "serve", "-m", str(target), "-h", HOST, "-p", str(port), "--env-manager", "local"]
    with _child("mlflow", built, ["-m", *command], port) as process:
        yield Server(process, f"http://{HOST}:{port}/invocations", "application/json", [body])


SERVERS: dict[str, Callable[[Built], Any]] = {
    "ours": ours, "fastapi": fastapi, "litserve": litserve, "bentoml": bentoml, "mlflow": mlflow
}  # fmt: skip
IN_PROCESS: dict[str, Callable[[Built], InProcess]] = {"ceiling": ceiling, "floor": floor}


def missing(name: str) -> str | None:
    """The package that a server needs and that is not installed here."""
    return None if name == "ours" or find_spec(name) else name


def _forms(built: Built, name: str) -> tuple[str, list[Path]]:
    """Content type and bodies of multipart forms with one file each."""
    paths = []
    for file in built.files:
        path = built.folder / "forms" / name / file.name
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{file.name}"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        )
        write_bytes(path, head.encode() + file.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode())
        paths.append(path)
    return f"multipart/form-data; boundary={BOUNDARY}", paths


def _environment(built: Built) -> dict[str, str]:
    return {**os.environ, FOLDER: str(built.convert), GRAPH: built.graph, "PYTHONUNBUFFERED": "1"}


@contextmanager
def _child(name: str, built: Built, arguments: list[str], port: int) -> Iterator[psutil.Process]:
    """A server of this machine, from the time it listens."""
    log = built.folder / f"{name}.log"
    with log.open("wb") as output:
        process = psutil.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=_environment(built),
        )  # fmt: skip
    try:
        _wait(name, process, port, log)
        yield process
    finally:
        family = [*process.children(recursive=True), process]
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.terminate()
        _, alive = psutil.wait_procs(family, timeout=5)
        for one in alive:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()


def _wait(name: str, process: Any, port: int, log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        connection = HTTPConnection(HOST, port, timeout=5)
        with suppress(OSError):
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        time.sleep(0.2)
    raise TataraError(f"{name} does not answer; its log is {log}")
