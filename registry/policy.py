"""The policy of a kind: which gates a version has to pass, by which numbers, and how many people approve it.

A file in the repository, ``registry/policies/KIND.yaml``, reviewed like code. An approval is bound to its bytes.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from tatara.core.contract import Strict
from tatara.core.errors import TataraError
from tatara.core.files import sha256_bytes

FOLDER = Path(__file__).parent / "policies"
DEFAULT = "default"


class Gate(Strict):
    """``blocks`` lists the verdicts that stop a version; others are shown to the reviewer."""

    blocks: tuple[Literal["fail", "not_enough_data"], ...] = ("fail",)


class ValidationGate(Gate):
    """The data passed its suite, and requests are held to the same rules."""

    gate: Literal["validation"]


class LeakageGate(Gate):
    """No test example was learned from, by this model or the champion."""

    gate: Literal["leakage"]


class ParityGate(Gate):
    """The exported graphs give TensorFlow's answers, within ``at_most`` where that is given."""

    gate: Literal["parity"]
    at_most: float | None = Field(None, gt=0)


class AboveChanceGate(Gate):
    """Better than an answer that does not look."""

    gate: Literal["above_chance"]


class ComparisonGate(Gate):
    """The primary metric against the champion: ``better``, or ``not_worse`` than the policy's margin."""

    gate: Literal["comparison"]
    demand: Literal["better", "not_worse"] = "not_worse"


class SlicesGate(Gate):
    """No part of the test split lost more than the margin, at level ``alpha`` after Holm's correction."""

    gate: Literal["slices"]
    alpha: float = Field(0.05, gt=0, lt=0.5)


class CalibrationGate(Gate):
    """Calibration error not worse than ``margin``, and at most ``at_most``."""

    gate: Literal["calibration"]
    margin: float = Field(gt=0)
    at_most: float | None = Field(None, gt=0)


class SeverityGate(Gate):
    """Severity of mistakes not worse than ``margin``."""

    gate: Literal["severity"]
    margin: float = Field(gt=0)


class RobustnessGate(Gate):
    """The primary metric under every small corruption not worse than ``margin``."""

    gate: Literal["robustness"]
    margin: float = Field(gt=0)


class LatencyGate(Gate):
    """Median time of an answer: at most ``ratio`` times the champion's, and at most ``milliseconds``."""

    gate: Literal["latency"]
    ratio: float | None = Field(None, gt=0)
    milliseconds: float | None = Field(None, gt=0)


class MemoryGate(Gate):
    """Peak memory of an answer: at most ``ratio`` times the champion's, and at most ``megabytes``."""

    gate: Literal["memory"]
    ratio: float | None = Field(None, gt=0)
    megabytes: float | None = Field(None, gt=0)


AnyGate = Annotated[
    ValidationGate | LeakageGate | ParityGate | AboveChanceGate | ComparisonGate | SlicesGate | CalibrationGate
    | SeverityGate | RobustnessGate | LatencyGate | MemoryGate,
    Field(discriminator="gate"),
]  # fmt: skip


class Policy(Strict):
    """One file.

    Attributes:
        approvals: people who have to approve; 0 lets the policy decide at once.
        expires_days: that an approval lasts; None for ever.
        signed: only what is signed is packaged and promoted.
        margin: of the primary metric that may be lost against the champion, over all and in every slice.
        gates: each at most once, in the order in which they are shown.
    """

    version: Literal[1]
    approvals: Literal[0, 1, 2]
    expires_days: int | None = Field(ge=1)
    signed: bool
    margin: float = Field(gt=0, lt=1)
    gates: tuple[AnyGate, ...]


@dataclass(frozen=True)
class Loaded:
    """A policy with its name and the SHA-256 of its file."""

    name: str
    digest: str
    policy: Policy


def folder() -> Path:
    """The repository's policies, or those of ``TATARA_POLICIES``."""
    given = os.environ.get("TATARA_POLICIES")
    return Path(given) if given else FOLDER


def load(kind: str) -> Loaded:
    """The policy for models of ``kind``.

    Raises:
        TataraError: unreadable, or not a policy; the message names the file and the field.
    """
    own = folder() / f"{kind}.yaml"
    path = own if re.fullmatch(r"[a-z0-9_]+", kind) and own.is_file() else folder() / f"{DEFAULT}.yaml"
    try:
        content = path.read_bytes()
        policy = Policy.model_validate(yaml.safe_load(content))
    except OSError as error:
        raise TataraError(f"{path}: no policy there ({error.strerror}); git restores it") from None
    except yaml.YAMLError as error:
        raise TataraError(f"{path}: not YAML ({str(error).splitlines()[0]})") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "policy"
        raise TataraError(f"{path}: {where}: {first['msg']}") from None
    names = [gate.gate for gate in policy.gates]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TataraError(f"{path}: gate {twice[0]} is there twice")
    return Loaded(path.stem, sha256_bytes(content), policy)
