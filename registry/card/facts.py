"""What a run's artifacts say of its model; whatever is not there is left out of the card."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from registry.acting import Row
from registry.card.records import Measure
from registry.card.written import Data, Ran, Validated
from registry.evidence import Evidence
from registry.records import Judgement
from registry.store import local_artifacts
from registry.words import one_line
from tatara.core.contract import Contract, read_contract
from tatara.core.errors import TataraError
from tatara.core.statistics import Interval

Read = TypeVar("Read", bound=BaseModel)
OF_CLASS = ("recall", "ap", "iou")
"""The figure of a class that the kinds have: classification, detection and instances, segmentation."""
PRIMARY = {
    "classification": "accuracy",
    "detection": "ap",
    "instances": "mask_ap",
    "segmentation": "miou",
    "image": "ssim",
}


@dataclass(frozen=True)
class Facts:
    """Of one version.

    Attributes:
        row: the registry's.
        contract: None where it cannot be read.
        parameters: of the training.
        run: what it came to.
        size: ``parameters``, ``flops`` and ``bytes`` of the model.
        digests: the model's files -> SHA-256, as they were registered.
        data: None where the run does not say.
        validated: the rules that the data were held to.
        metrics: of the test split.
        classes: class -> its figures and counts.
        judgement, evidence: of the last check, None before it.
    """

    row: Row
    contract: Contract | None
    parameters: Mapping[str, Any]
    run: Ran
    size: Mapping[str, Any]
    digests: Mapping[str, str]
    data: Data | None
    validated: Validated
    metrics: Mapping[str, Interval]
    classes: Mapping[str, Mapping[str, Any]]
    judgement: Judgement | None
    evidence: Evidence | None

    @property
    def kind(self) -> str:
        """Of the model, empty where nothing says it."""
        return self.contract.kind if self.contract else self.row.kind

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The metrics, the primary one first; then the classes and the slices, those of the lowest figure first."""
        primary = PRIMARY.get(self.kind, "")
        names = sorted(self.metrics, key=lambda name: name != primary)
        parts = [*self._of_classes(), *self._of_slices()]
        return (
            *(_measure(name, None, self.metrics[name]) for name in names),
            *sorted(parts, key=lambda one: one.value),
        )

    def _of_classes(self) -> list[Measure]:
        found = []
        for label, row in self.classes.items():
            for metric in OF_CLASS:
                if (one := _interval(row.get(metric))) is not None:
                    found.append(_measure(metric, f"label={label}", one))
                    break
        return found

    def _of_slices(self) -> list[Measure]:
        """Of classes there is a figure already."""
        if self.evidence is None:
            return []
        slices = [one for one in self.evidence.slices if one.column != "label"]
        metric = self.evidence.primary
        return [
            Measure(metric=metric, part=one_line(f"{one.column}={one.value}"), value=one.challenger) for one in slices
        ]


def gather(row: Row, checked: tuple[Judgement, Evidence] | None) -> Facts:
    """What there is of a version."""
    judgement, evidence = checked or (None, None)

    def read(path: str) -> dict[str, Any]:
        try:
            found = json.loads(local_artifacts(row.run_id, path).read_bytes())
        except (TataraError, OSError, ValueError):
            return {}
        return _plain(found) if isinstance(found, dict) else {}

    metrics = {
        name: one for name, value in read("evaluate/metrics.json").items() if (one := _interval(value)) is not None
    }
    classes = {label: value for label, value in read("evaluate/classes.json").items() if isinstance(value, dict)}
    return Facts(
        row=row,
        contract=_contract(row.run_id),
        parameters=read("train/parameters.json"),
        run=_read(Ran, read("train/run.json")) or Ran(),
        size=read("convert/card.json"),
        digests=_digests(read("register/registration.json").get("digests")),
        data=_read(Data, read("validate/dataset.json")),
        validated=_read(Validated, read("validate/result.json")) or Validated(),
        metrics=metrics,
        classes=classes,
        judgement=judgement,
        evidence=evidence,
    )


def _contract(run_id: str) -> Contract | None:
    try:
        return read_contract(local_artifacts(run_id, "convert/contract.json"))
    except (TataraError, OSError, ValueError):
        return None


def _plain(value: Any) -> Any:
    """Every text harmless, and on one line."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, dict):
        return {one_line(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _digests(found: Any) -> dict[str, str]:
    return {str(path): str(sha) for path, sha in found.items()} if isinstance(found, dict) else {}


def _read(schema: type[Read], found: dict[str, Any]) -> Read | None:
    """What a step wrote, or None where it is not what the step writes."""
    try:
        return schema.model_validate(found)
    except ValidationError:
        return None


def _interval(value: Any) -> Interval | None:
    try:
        one = Interval.model_validate(value)
    except ValidationError:
        return None
    return one if all(map(math.isfinite, (one.value, one.low, one.high))) else None


def _measure(metric: str, part: str | None, one: Interval) -> Measure:
    return Measure(metric=metric, part=part, value=one.value, low=one.low, high=one.high)
