"""What an operator may set, by environment variables."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tatara.core.errors import TataraError, UsageError
from tatara.core.files import read_json


@dataclass(frozen=True)
class Settings:
    """Limits and switches of one service process; each field is ``TATARA_<FIELD>`` in the environment.

    Attributes:
        gpu: demand the CUDA provider.
        int8: answer from the quantized graph.
        threads: that prepare and infer at the same time; the number of cores by default.
        max_batch: prepared examples in one call of the model, on the CPU fewer where they are large.
        max_body: bytes of a request.
        max_files: files in a request.
        max_requests: requests answered at the same time; more get 429.
        read_seconds, answer_seconds: after which a slow sender or a slow answer is given up.
    """

    gpu: bool = False
    int8: bool = False
    threads: int = 0
    max_batch: int = 8
    max_body: int = 32 * 2**20
    max_files: int = 256
    max_requests: int = 64
    read_seconds: int = 30
    answer_seconds: int = 60


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
        if not (given.isascii() and given.isdigit()):
            raise UsageError(f"{name}={given!r}: a whole number is needed")
        values[field.name] = int(given)
    values["threads"] = values.get("threads") or len(os.sched_getaffinity(0))
    values["gpu"], values["int8"] = bool(values["gpu"]), bool(values.get("int8"))
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
