"""The generated sections of a card, and the order of all of them."""

import shlex
from collections.abc import Mapping, Sequence

from registry.card.facts import Facts
from registry.card.figures import calibration, results, weak
from registry.card.prose import SECTIONS, SectionName, Written
from registry.card.records import Section, Table
from registry.card.written import SPLITS, Data, Extent
from registry.words import one_line
from tatara.core.modalities import modality_module

WIDE = 90
"""Characters after which a command goes on in the next line."""
MOST = 100
"""Rows of a table, and classes in a list."""
ANSWERS = {
    "classification": "one class for an image, with a probability for each",
    "detection": "a box, a class and a score for each object in an image",
    "instances": "a mask, a box, a class and a score for each object in an image",
    "segmentation": "a class and a confidence for each pixel of an image",
    "image": "an image of the same size for an image",
}
NO_NONE = {
    "classification": "An image of none of the classes is answered with one of them all the same.",
    "segmentation": "A pixel of none of the classes is answered with one of them all the same.",
    "image": "What it adds to an image, such as colours, is what was likely in its training data, not what was there.",
}


def sections(facts: Facts, prose: Mapping[str, Written]) -> tuple[Section, ...]:
    """All of them, in the order of the page."""
    return (
        _what(facts),
        _prose("intended_use", prose),
        _prose("out_of_scope", prose),
        _data(facts),
        _training(facts),
        results(facts),
        weak(facts),
        calibration(facts),
        _bounds(facts),
        _prose("limits", prose),
        _use(facts),
        _prose("licence", prose),
        _origin(facts),
        _prose("notes", prose),
    )


def _prose(name: SectionName, prose: Mapping[str, Written]) -> Section:
    one = prose.get(name)
    text, by, at = (one.text, one.by, one.at) if one else ("", None, None)
    return Section(name=name, title=SECTIONS[name], editable=True, text=text, by=by, at=at)


def _what(facts: Facts) -> Section:
    contract, size = facts.contract, facts.size
    rows = [
        ("registered as", facts.row.what),
        ("kind", facts.kind),
        ("architecture", str(facts.parameters.get("model", ""))),
        ("author", facts.row.author),
    ]
    if contract is not None:
        if contract.labels:
            rows.append(("classes", f"{len(contract.labels)}: {_listed(contract.labels)}"))
        rows.append((f"the model {_PERCEIVES[contract.modality]}", contract.preparation.words))
        if contract.tiling is not None:
            rows.append(("in windows of", f"{contract.tiling.size} pixels"))
    rows += [(label, f"{size[key]:,}") for key, label in _SIZES if isinstance(size.get(key), int)]
    text = f"A model that gives {ANSWERS[contract.kind]}." if contract else "A model."
    return Section(name="what", title="What it is", text=text, table=_table(("", ""), [row for row in rows if row[1]]))


_PERCEIVES = {"image": "sees", "audio": "hears"}
_SIZES = (("parameters", "parameters"), ("flops", "operations for one example"), ("bytes", "bytes of model.onnx"))


def _extent(data: Data) -> str:
    if data.width is not None and data.height is not None:
        return f"are {_range(data.width)} pixels wide and {_range(data.height)} high"
    if data.seconds is not None and data.rate is not None:
        return f"last {_range(data.seconds)} seconds, at {_range(data.rate)} samples a second"
    return "are of unknown extent"


def _data(facts: Facts) -> Section:
    data, title = facts.data, "What it learned from"
    if data is None:
        return Section(name="data", title=title, text="The run does not say.")
    files, noun = data.files, modality_module(data.modality).NOUN
    first = (
        f"The dataset {data.name}, revision {data.revision[:12]}: {sum(files.values()):,} {noun}, of which "
        f"{files['train']:,} to train on, {files['valid']:,} to watch the training by, and {files['test']:,} to "
        f"measure on. They {_extent(data)}."
    )
    text = [first, f"Source: {data.source}", f"Licence of the data: {data.licence}"]
    text += [f"{label}: {said}" for label, said in (("Cite", data.citation), ("Notes", data.notes)) if said]
    failed = [one for one in facts.validated.rules if not one.success]
    text += [f"Validation warned: {one.rule}, {one.failing:,} of {one.checked:,} {one.table}." for one in failed]
    labels = data.classes
    rows = [(label, *(f"{data.counts[split].get(label, 0):,}" for split in SPLITS)) for label in labels[:MOST]]
    text.append(f"{data.counted.capitalize()} by class{_more(labels)}:")
    table = _table(("class", *SPLITS), rows)
    return Section(name="data", title=title, text="\n\n".join(text), table=table)


def _training(facts: Facts) -> Section:
    run, given = facts.run, facts.parameters
    text = []
    if run.epochs_trained is not None:
        text.append(
            f"{run.epochs_trained} epochs in {run.training_seconds:,.0f} s on {run.device}; the weights are those of "
            f"epoch {run.best_epoch}."
        )
    start = str(given.get("weights", "none"))
    text.append("It started from nothing." if start == "none" else f"It started from the weights of {start}.")
    text += [f"Training warned: {warning}" for warning in run.warnings]
    if "kind" in given:
        text.append("The same training again:")
    return Section(name="training", title="How it was trained", text="\n\n".join(text), code=_command(given))


def _command(given: Mapping[str, object]) -> str | None:
    if "kind" not in given:
        return None
    words = ["tatara", "run", str(given["kind"])]
    for name in sorted(given, key=lambda name: (name not in ("data", "model"), name)):
        value = given[name]
        if name not in ("kind", "serve") and value is not None:
            words.append(f"{name}={str(value).lower() if isinstance(value, bool) else value}")
    lines = [""]
    for word in (shlex.quote(word) for word in words):
        lines[-1:] = [f"{lines[-1]} {word}".strip()] if len(lines[-1]) < WIDE else [f"{lines[-1]} \\", word]
    return "\n".join(lines)


def _bounds(facts: Facts) -> Section:
    rows = []
    for bound in facts.contract.bounds if facts.contract else ():
        allowed = ", ".join(bound.allowed or ())
        rows.append((bound.rule, bound.column, _end(bound.minimum), _end(bound.maximum), allowed))
    refused = (
        "The service refuses what lies outside of these bounds, the rules that the training data were held to."
        if rows
        else "It has no bounds for requests."
    )
    what = modality_module(facts.data.modality).NOUN if facts.data else "examples"
    text = [f"It is measured on {what} like those above and on no others. {refused}"]
    text += [NO_NONE[facts.kind]] if facts.kind in NO_NONE else []
    head = ("rule", "of", "at least", "at most", "one of")
    return Section(
        name="bounds",
        title="What it is measured for, and what it refuses",
        text="\n\n".join(text),
        table=_table(head, rows),
    )


def _use(facts: Facts) -> Section:
    what, text = shlex.quote(one_line(facts.row.what)), []
    if facts.evidence is not None:
        cost = facts.evidence.cost
        text.append(
            f"One answer takes {cost.latency_ms:.3g} ms (median, one at a time) and the service "
            f"{cost.memory_mb:.0f} MB beyond its libraries, on {cost.hardware}."
        )
    commands = (f"tatara serve {what} port=3000", f"tatara predict {what} FILE", _CURL)
    return Section(
        name="use", title="How to call it", text="\n\n".join([*text, "From the project's folder:"]),
        code="\n".join(commands),
    )  # fmt: skip


_CURL = "curl -F files=@FILE http://127.0.0.1:3000/predict"


def _origin(facts: Facts) -> Section:
    run = facts.run
    dirty = ", and changes that were not committed" if run.git_dirty else ""
    rows = [
        ("run", facts.row.run_id),
        ("commit", f"{run.git_commit}{dirty}" if run.git_commit else ""),
        ("lock file of the training", run.lock_sha256 or ""),
        ("revision of the data", run.revision or (facts.data.revision if facts.data else "")),
        *((path, sha) for path, sha in facts.digests.items() if path.endswith(".onnx") or path == "contract.json"),
    ]
    text = (
        "Every answer carries the digest of the chain that leads here from the data; tatara lineage verify "
        "recomputes it. The package holds a list of what it is made of (sbom.cdx.json, CycloneDX) and a signed "
        "statement of what it was made from (provenance.intoto.json, in-toto and SLSA). Digests are SHA-256."
    )
    return Section(
        name="origin", title="Where it comes from", text=text, table=_table(("", ""), [row for row in rows if row[1]])
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table | None:
    return Table(head=tuple(head), rows=tuple(tuple(row) for row in rows)) if rows else None


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(map(one_line, labels[:MOST])) + (f" and {len(labels) - MOST} more" if len(labels) > MOST else "")


def _more(labels: Sequence[str]) -> str:
    return f" (the first {MOST} of {len(labels):,})" if len(labels) > MOST else ""


def _range(values: Extent) -> str:
    low, high = f"{values.min:,.0f}", f"{values.max:,.0f}"
    return low if low == high else f"{low} to {high}"


def _end(value: float | None) -> str:
    return "" if value is None else f"{value:,.10g}"
