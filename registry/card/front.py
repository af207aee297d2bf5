"""The metadata of a card, by Hugging Face's specification (github.com/huggingface/hub-docs, modelcard.md)."""

from typing import Any

from registry.card.facts import Facts
from registry.card.prose import Written
from registry.card.records import Measure

TASKS = {
    "classification": "image-classification",
    "detection": "object-detection",
    "instances": "image-segmentation",
    "segmentation": "image-segmentation",
    "image": "image-to-image",
}
UNSTATED = "not-stated"


def front(facts: Facts, licence: Written | None) -> dict[str, Any]:
    """Front matter; the licence is what a person wrote, since nothing else can say it.

    Args:
        facts: of the version.
        licence: the section of that name.
    """
    task = TASKS.get(facts.kind)
    model = str(facts.parameters.get("model", ""))
    whole = [one for one in facts.measures if one.part is None and not one.metric.startswith(("train_", "gap"))]
    found: dict[str, Any] = {**_licence(licence.text if licence else ""), "library_name": "onnx"}
    if task is not None:
        found["pipeline_tag"] = task
    found["tags"] = list(dict.fromkeys(tag for tag in ("tatara", "onnx", facts.kind, model) if tag))
    if facts.data is not None:
        found["datasets"] = [facts.data.name]
    found["metrics"] = [one.metric for one in whole]
    if task is not None and facts.data is not None and whole:
        dataset = {"type": facts.data.name, "name": facts.data.name, "split": "test", "revision": facts.data.revision}
        result = {
            "task": {"type": task, "name": facts.kind},
            "dataset": dataset,
            "metrics": [_result(one) for one in whole],
        }
        found["model-index"] = [{"name": facts.row.name, "results": [result]}]
    return found


def _licence(text: str) -> dict[str, str]:
    """An identifier of SPDX in Hugging Face's lower case, or ``other`` with its name."""
    from cyclonedx.spdx import fixup_id

    name = next(iter(text.strip().splitlines()), "").strip()
    known = fixup_id("-".join(name.split()))
    if known is not None:
        return {"license": known.lower()}
    return {"license": "other", "license_name": name[:100] or UNSTATED}


def _result(one: Measure) -> dict[str, Any]:
    interval = "" if one.low is None or one.high is None else f" (95 % interval {one.low:.4f} to {one.high:.4f})"
    return {"type": one.metric, "value": round(one.value, 6), "name": f"{one.metric}{interval}"}
