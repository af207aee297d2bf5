"""What an operator may set, by environment variables."""

import os
from dataclasses import dataclass
from pathlib import Path

from tatara.core.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """Limits and switches of one service process; each field is ``TATARA_<FIELD>`` in the environment.

    Attributes:
        gpu: demand the CUDA provider.
        threads: that prepare and infer at the same time; the number of cores by default.
        max_batch: prepared examples in one call of the model.
        max_body: bytes of a request.
        max_files: files in a request.
        max_requests: requests answered at the same time; more get 429.
        read_seconds, answer_seconds: after which a slow sender or a slow answer is given up.
    """

    gpu: bool = False
    threads: int = 0
    max_batch: int = 8
    max_body: int = 32 * 2**20
    max_files: int = 256
    max_requests: int = 64
    read_seconds: int = 30
    answer_seconds: int = 60


def read_settings() -> Settings:
    """The settings in the environment.

    Raises:
        UsageError: a value is not a whole number.
    """
    values: dict[str, int] = {}
    for field in Settings.__dataclass_fields__:
        given = os.environ.get(f"TATARA_{field.upper()}")
        if given is None or given == "":
            continue
        if not given.isdigit():
            raise UsageError(f"TATARA_{field.upper()}={given!r}: a whole number is needed")
        values[field] = int(given)
    values["threads"] = values.get("threads") or len(os.sched_getaffinity(0))
    return Settings(**values | {"gpu": bool(values.get("gpu", 0))})


def model_folder() -> tuple[Path, str | None]:
    """The model folder to serve and the digest that its manifest must have.

    ``TATARA_MODEL`` names a folder outright; in a Bento, ``pin.json`` beside the code names the stored model.

    Raises:
        UsageError: neither is there.
    """
    if given := os.environ.get("TATARA_MODEL"):
        return Path(given), None
    pin = Path(__file__).parents[1] / "pin.json"
    if not pin.is_file():
        raise UsageError(
            "no model to serve: set TATARA_MODEL to a model folder, or serve a Bento (`tatara serve NAME`)"
        )
    import bentoml

    from tatara.core.files import read_json

    pinned = read_json(pin)
    return Path(bentoml.models.BentoModel(pinned["model"]).resolve().path), str(pinned["manifest"])
