"""What was learned, and from what, as components of a bill of materials: the model with its card, and the dataset."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.packaging.sbom import licence
from registry.card.records import Card, Measure
from tatara.core.contract import Contract

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

FAMILY = "convolutional neural network"
"""Of every model that can be trained here."""
_URL = re.compile(r"https?://[^\s<>\"()]+")


@dataclass(frozen=True)
class Learned:
    """What is known of a packaged model.

    Attributes:
        card: of the version.
        contract: of the model.
        architecture: the model's name.
        digests: ONNX file -> SHA-256.
        data: as it was validated, see `pipelines.validation.described`, or ``name`` and ``revision`` alone.
    """

    card: Card
    contract: Contract
    architecture: str
    digests: dict[str, str]
    data: dict[str, Any]

    @property
    def references(self) -> tuple[str, str]:
        """``bom-ref`` of the model and of the dataset."""
        return f"model:{self.card.name}/{self.card.version}", f"data:{self.data['name']}@{self.data['revision']}"


def components(learned: Learned) -> "list[Component]":
    """The model and the dataset."""
    from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
    from cyclonedx.model.component import Component, ComponentType

    data, (model_ref, data_ref) = learned.data, learned.references
    source, stated = str(data.get("source", "")), str(data.get("licence", ""))
    address = _URL.search(source)
    website = [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(address[0]))] if address else []
    said = {"source": source, "citation": data.get("citation"), "notes": data.get("notes")}
    return [
        Component(
            type=ComponentType.MACHINE_LEARNING_MODEL, name=learned.card.name, version=learned.card.version,
            bom_ref=model_ref, hashes=[HashType(alg=HashAlgorithm.SHA_256, content=learned.digests["model.onnx"])],
            properties=[Property(name=f"tatara:sha256:{path}", value=sha) for path, sha in learned.digests.items()],
        ),
        Component(
            type=ComponentType.DATA, name=data["name"], version=data["revision"][:12], bom_ref=data_ref,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=data["revision"])],
            licenses=[licence(stated)] if stated else [], external_references=website,
            properties=[Property(name=f"tatara:{key}", value=str(value)) for key, value in said.items() if value],
        ),
    ]  # fmt: skip


def beside(learned: Learned) -> dict[str, dict[str, Any]]:
    """``bom-ref`` -> the model's card, and what the dataset is."""
    model, data = learned.references
    return {model: {"modelCard": _card(learned)}, data: {"data": [_data(learned.data)]}}


def _data(data: dict[str, Any]) -> dict[str, Any]:
    counts = [
        {"name": f"{data['counted']} of {split}: {label}", "value": str(count)}
        for split, column in data.get("counts", {}).items()
        for label, count in column.items()
    ]
    files = [{"name": f"files of {split}", "value": str(count)} for split, count in data.get("files", {}).items()]
    return {"type": "dataset", "name": data["name"], "contents": {"properties": [*files, *counts]}}


def _card(learned: Learned) -> dict[str, Any]:
    contract, prose = learned.contract, {one.name: one.text for one in learned.card.sections if one.editable}
    written = {"useCases": ("intended_use",), "technicalLimitations": ("limits", "out_of_scope")}
    considerations = {key: [prose[name] for name in names if prose.get(name)] for key, names in written.items()}
    parameters = {
        "approach": {"type": "supervised"},
        "task": contract.kind,
        "architectureFamily": FAMILY,
        "modelArchitecture": learned.architecture,
        "datasets": [{"ref": learned.references[1]}],
        "inputs": [{"format": f"{contract.modality}, prepared to {contract.preparation.words}"}],
        "outputs": [
            {"format": f"{name}: {' x '.join(map(str, shape)) or 'scalar'}"}
            for name, shape in (contract.finished or contract.outputs).items()
        ],
    }
    return {
        "modelParameters": parameters,
        "quantitativeAnalysis": {"performanceMetrics": [_measure(one) for one in learned.card.measures]},
        "considerations": {key: texts for key, texts in considerations.items() if texts},
    }


def _measure(one: Measure) -> dict[str, Any]:
    found: dict[str, Any] = {"type": one.metric, "value": f"{one.value:.6g}"}
    if one.part is not None:
        found["slice"] = one.part
    if one.low is not None and one.high is not None:
        found["confidenceInterval"] = {"lowerBound": f"{one.low:.6g}", "upperBound": f"{one.high:.6g}"}
    return found
