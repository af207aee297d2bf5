"""What an operator may set, by environment variables."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tatara.core.cores import cores
from tatara.core.errors import TataraError, UsageError
from tatara.core.files import read_json
from tatara.core.memory import default_pixels, memory_budget

HELD_SHARE = 8
"""The part of the memory that the bodies of requests may take."""


@dataclass(frozen=True)
class Settings:
    """Limits and switches of one service process; each field is ``TATARA_<FIELD>`` in the environment.

    Attributes:
        gpu: demand the CUDA provider.
        gpu_device, gpu_memory: which GPU, and how many MiB of its memory at most; 0 is all of it.
        tensorrt: folder for the engines that TensorRT builds, to demand its provider too; experimental.
        int8: answer from the quantized graph.
        threads: that prepare and infer at the same time; by default one more than there are cores, or a container's
            share of them: while one waits for Python's lock, another computes.
        alone: give a request that has the server to itself every core, by a session that holds the weights once more.
        max_batch: prepared examples in one call of the model; fewer where that costs no more by example, or where
            they are large.
        max_body: bytes of a request.
        max_json: bytes of a request's JSON: numbers take several times as much memory as their text.
        max_depth: brackets in brackets of a request's JSON.
        max_header: bytes of a request's address and headers.
        max_files, max_fields: files in a request, and other fields in a form.
        max_rows: examples in a tensor.
        max_answer: bytes of an answer's tensors, a sixteenth of it numbers in JSON.
        max_pixels: of an image, checked before it is decoded; sized to the memory by default.
        max_requests: requests answered at the same time; more get 429.
        max_held: bytes of the bodies of all requests at the same time; more get 503; sized to the memory by default.
        max_connections: at the same time, whether or not anything is asked on them.
        read_seconds, answer_seconds: after which a slow sender or a slow answer is given up.
        head_seconds, write_seconds: after which a connection is closed that sends no request, or reads no answer.
        drain_seconds: for what is in flight when the service is told to end.
        keys: file of API keys that `tatara keys` writes; without one anybody may ask.
        proxy_header, proxies: header with the user's name, believed from these addresses and networks alone, which
            are parted by commas.
        rate, burst: requests a second by key, and how many at once; without keys by address. 0 is no limit.
        tls_cert, tls_key: PEM files; with both the service speaks HTTPS.
    """

    gpu: bool = False
    gpu_device: int = 0
    gpu_memory: int = 0
    tensorrt: str = ""
    int8: bool = False
    threads: int = 0
    alone: bool = True
    max_batch: int = 8
    max_body: int = 32 * 2**20
    max_json: int = 8 * 2**20
    max_depth: int = 16
    max_header: int = 8 * 2**10
    max_files: int = 256
    max_fields: int = 16
    max_rows: int = 256
    max_answer: int = 128 * 2**20
    max_pixels: int = 0
    max_requests: int = 64
    max_held: int = 0
    max_connections: int = 1024
    read_seconds: int = 30
    answer_seconds: int = 60
    head_seconds: int = 10
    write_seconds: int = 30
    drain_seconds: int = 25
    keys: str = ""
    proxy_header: str = ""
    proxies: str = "127.0.0.1,::1"
    rate: int = 0
    burst: int = 0
    tls_cert: str = ""
    tls_key: str = ""

    def __post_init__(self) -> None:
        """What is sized to the machine is known from here on."""
        threads = self.threads or cores() + 1
        object.__setattr__(self, "threads", threads)
        object.__setattr__(self, "max_pixels", self.max_pixels or default_pixels(threads))
        object.__setattr__(self, "max_held", self.max_held or max(self.max_body, memory_budget() // HELD_SHARE))


def read_settings(pin: "Pin") -> Settings:
    """The settings in the environment, on top of what the package demands.

    Raises:
        UsageError: a value is not a whole number.
    """
    values: dict[str, Any] = {"gpu": pin.gpu}
    for field in fields(Settings):
        name = f"TATARA_{field.name.upper()}"
        if not (given := os.environ.get(name, "")):
            continue
        if isinstance(field.default, str):
            values[field.name] = given
            continue
        if not (given.isascii() and given.isdigit()):
            raise UsageError(f"{name}={given!r}: a whole number is needed")
        values[field.name] = int(given)
    if bool(values.get("tls_cert")) != bool(values.get("tls_key")):
        raise UsageError("TATARA_TLS_CERT and TATARA_TLS_KEY belong together; set both, or none")
    for name, default in (("gpu", False), ("int8", False), ("alone", True)):
        values[name] = bool(values.get(name, default))
    return Settings(**values)


@dataclass(frozen=True)
class Pin:
    """The model folder to serve, the SHA-256 that its manifest must have, and whether a GPU is demanded."""

    folder: Path
    manifest: str | None = None
    gpu: bool = False


def read_pin() -> Pin:
    """What to serve: ``TATARA_MODEL`` names a model folder outright; in a Bento, ``pin.json`` names the stored model.

    Raises:
        UsageError: neither is there.
        TataraError: the Bento's model is not in the store.
    """
    if given := os.environ.get("TATARA_MODEL"):
        return Pin(Path(given))
    path = Path(__file__).parents[1] / "pin.json"
    if not path.is_file():
        raise UsageError("no model to serve: set TATARA_MODEL to a model folder, or serve a Bento: `tatara serve NAME`")
    import bentoml

    pinned = read_json(path)
    try:
        folder = Path(bentoml.models.BentoModel(pinned["model"]).resolve().path)
    except bentoml.exceptions.BentoMLException:
        raise TataraError(f"model {pinned['model']} is not in the Bento store; package the model again") from None
    return Pin(folder, pinned["manifest"], pinned["gpu"])
