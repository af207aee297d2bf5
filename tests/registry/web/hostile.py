"""A model whose every string is hostile: slices, paths, labels, answers, metrics, names, authors, comments, reasons."""

from typing import Any
from urllib.parse import quote

from registry import review
from registry.card.prose import SECTIONS
from registry.store import client
from tests.registry.cases import against, checked, compared, figure, new_version, part
from tests.registry.web.evidenced import changed, leave, shown
from tests.registry.web.payloads import PAYLOADS


def make() -> list[tuple[str, str]]:
    """Every payload in every place that can hold one; the versions, the first with most of them."""
    name = "hostile"
    new_version("anna", name)
    version = new_version("anna", name)
    leave(
        version,
        [_image(one) for one in PAYLOADS],
        _changes(),
        name,
        train__classes={},
        validate__result=_rules(),
        register__lineage=_chain(),
    )
    metrics = [{**compared(0.01, 0.0, 0.02), "metric": one} for one in PAYLOADS]
    slices = [part(one, (-0.1, -0.2, -0.05), 0.001, column=one, worst=(one, f"x/{one}")) for one in PAYLOADS]
    evidence = against(
        name=name, version=version, champion="1", comparison=tuple(metrics), slices=tuple(slices),
        primary=PAYLOADS[0], warnings=PAYLOADS,
        robustness=tuple(figure(one, (0.0, -0.1, 0.1), True) for one in PAYLOADS[:20]),
        leakage={"own": PAYLOADS[:20], "own_count": 20, "champion": (), "champion_count": 0},
    )  # fmt: skip
    checked(evidence, forced=True)
    for place, section in enumerate(SECTIONS):
        review.edit_card("anna", name, version, section, "\n\n".join(PAYLOADS[place :: len(SECTIONS)])[:4000])
    for one in PAYLOADS:
        if one.strip():
            review.comment("anna", name, version, one)
    review.reject("bob", name, version, PAYLOADS[3])
    return [(name, version), *(made for one in PAYLOADS[:200:11] if (made := _named(one)))]


def quoted(name: str) -> str:
    """As a part of a path."""
    return quote(name, safe="")


def _named(payload: str) -> tuple[str, str] | None:
    """A version whose model, author and tags are called so, where MLflow lets it be."""
    from mlflow.exceptions import MlflowException

    name = payload.replace("/", "∕").replace(":", "꞉")[:200]
    try:
        version = new_version(payload, name)
    except MlflowException:
        return None
    client().set_model_version_tag(name, version, "note", payload)
    review.register(payload[:60], name, version)
    return name, version


def _image(payload: str) -> dict[str, Any]:
    one = shown(path=payload, truth=payload, answer=payload)
    return {**one, "slices": [payload]}


def _changes() -> dict[str, Any]:
    one = changed()["changes"]["relabelled"][0]
    changes = [{**one, "labels": payload, "before": payload, "path": payload, "split": payload} for payload in PAYLOADS]
    return {**changed(), "revision": PAYLOADS[0], "by_class": {one: [1, 2] for one in PAYLOADS}, "changes": {
        "relabelled": changes, "added": changes, "removed": changes, "moved": changes,
    }}  # fmt: skip


def _rules() -> dict[str, Any]:
    rule = {"success": False, "severity": "critical", "checked": 1, "failing": 1}
    return {"rules": [{**rule, "rule": one, "expected": one, "notes": one} for one in PAYLOADS]}


def _chain() -> dict[str, Any]:
    from tatara.core.lineage import Chain

    chain = Chain().then("data", {"name": PAYLOADS[0], "revision": PAYLOADS[1]}, {})
    return chain.then("evaluation", {one[:40]: one for one in PAYLOADS[:3]}, {}).model_dump(mode="json")
