"""``data``: what datasets there are, what is in them, whether they are fit, and bringing in more."""

import json
from pathlib import Path
from typing import Any

from tatara.core.errors import RefusedError, UsageError
from tatara.verbs import Output, Request
from tatara.verbs.data_text import count, listed, shown, size
from tatara.verbs.options import boolean, options, ratios, subject


def data(request: Request, output: Output) -> int:
    """Dispatch to the subject's function."""
    from pipelines.parameters import choose

    subjects = {
        "list": _list,
        "show": _show,
        "check": _check,
        "add": _add,
        "fetch": _fetch,
        "pull": _pull,
        "push": _push,
    }
    if not request.words:
        raise UsageError(f"data what? one of: {', '.join(subjects)}")
    return subjects[choose("subject of data", request.words[0], subjects)](request, output)


def _list(request: Request, output: Output) -> int:
    from pipelines.datasets.show import list_datasets

    options(request)
    rows = list_datasets()
    output.give({"datasets": rows}, "\n".join(listed(rows)))
    return 0


def _show(request: Request, output: Output) -> int:
    from pipelines.datasets.show import show

    options(request)
    found = show(subject(request, 1, "dataset"))
    output.give(found, "\n".join(shown(found)))
    return 0


def _check(request: Request, output: Output) -> int:
    from pipelines.datasets.dataset import open_dataset
    from pipelines.datasets.index import build_index
    from pipelines.validation.check import check
    from pipelines.validation.report import lines, publish, summary

    options(request)
    dataset = open_dataset(subject(request, 1, "dataset"))
    result = check(dataset, build_index(dataset))
    page = publish(result, dataset)
    value = {**summary(result), "failing": json.loads(result.failing.to_json(orient="records")), "data_docs": str(page)}
    text = [*lines(result), f"report    {page}"]
    if result.success:
        text.append(f"next      tatara run {dataset.description.kind} data={dataset.name}")
    elif dataset.description.kind != "classification":
        text.append("mend      the source and add it again; repair=true drops or clips what is wrong, and lists it")
    output.give(value, "\n".join(text))
    return 0 if result.success else RefusedError.exit_code


def _add(request: Request, output: Output) -> int:
    from pipelines.datasets.add import add
    from pipelines.datasets.dataset import FORMATS

    given = options(
        request, name=str, kind=str, classes=names, ignore=int, seed=int, ratios=ratios, skip_broken=boolean,
        repair=boolean, licence=str, source=str, transform=str, target=str, longest=int, speaker=str,
    )  # fmt: skip
    path = subject(request, 1, "path")
    if "name" not in given:
        raise UsageError(f"give the dataset a name: tatara data add {path} name=NAME")
    report = add(Path(path), given.pop("name"), **given)
    kind = report.dataset.description.kind
    lines = [f"read as   {report.layout}; a dataset of {kind}"]
    if FORMATS[kind] == "coco":
        lines.append(f"objects   {sum(sum(classes.values()) for classes in report.counts.values()):,}")
    lines += [f"note      {line}" for line in report.notes]
    lines += [f"left out  {line}" for line in report.left_out]
    lines += [f"repaired  {line}" for line in report.changes]
    if report.skipped:
        lines.append(f"skipped   {len(report.skipped):,} file(s) that are no part of it, such as {report.skipped[0]}")
    value = {
        "kind": kind,
        "layout": report.layout,
        "files": report.files,
        "skipped": report.skipped,
        "left_out": report.left_out,
        "changes": report.changes,
        "notes": report.notes,
    }
    _tell_added(report, report.files, value, lines, output)
    return 0


def _fetch(request: Request, output: Output) -> int:
    from pipelines.datasets.fetch import fetch

    given = options(request, url=str, checksum=str)
    name = subject(request, 1, "dataset")
    report = fetch(name, **given)
    lines = [
        *(f"checksum  {line}" for line in report.checksums),
        *(f"left out  {line}" for line in report.left_out),
        f"licence   {report.dataset.description.licence}",
        f"downloads {report.downloads} (may be deleted)",
    ]
    value = {"checksums": report.checksums, "left_out": report.left_out, "downloads": str(report.downloads)}
    totals = {split: sum(labels.values()) for split, labels in report.counts.items()}
    _tell_added(report, totals, value, lines, output)
    return 0


def _tell_added(report: Any, totals: dict[str, int], more: dict[str, Any], notes: list[str], output: Output) -> None:
    lines = [
        f"data/{report.dataset.name}: {sum(totals.values()):,} files, {size(report.bytes)}, "
        + (f"{count(len(classes), 'class', 'classes')}; " if (classes := report.dataset.description.classes) else "")
        + ", ".join(f"{split} {number:,}" for split, number in totals.items()),
        f"revision  {report.revision}",
    ]
    lines += [*notes, f"next      {report.next_command}"]
    value = {
        "name": report.dataset.name,
        "revision": report.revision,
        "counts": report.counts,
        "bytes": report.bytes,
        **more,
        "next": report.next_command,
    }
    output.give(value, "\n".join(lines))


def _pull(request: Request, output: Output) -> int:
    from pipelines.datasets.remote import pull

    options(request)
    names = pull()
    output.give({"datasets": names}, f"data/ holds {', '.join(names) or 'nothing'}, as data.dvc records it")
    return 0


def _push(request: Request, output: Output) -> int:
    from pipelines.datasets.remote import push

    options(request)
    remote, count = push()
    output.give({"remote": remote, "files": count}, f"{count:,} files sent to {remote}; commit data.dvc to share it")
    return 0


def names(text: str) -> tuple[str, ...]:
    """``cat,dog``."""
    found = tuple(name.strip() for name in text.split(","))
    if not all(found) or len(set(found)) != len(found):
        raise ValueError("write different names, like cat,dog")
    return found
