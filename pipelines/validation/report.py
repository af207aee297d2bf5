"""A validation's result for people: lines for a terminal, and a folder with Data Docs that need no network."""

from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from pipelines.datasets.dataset import Dataset
from pipelines.validation.check import Result, Rule
from pipelines.validation.thumbnails import thumbnail
from tatara.core.files import whole_directory, write_bytes, write_json, write_text
from tatara.core.home import state_root

SHOWN = 20
"""Failing rows of one rule that are shown; the CSV has all."""


def summary(result: Result) -> dict[str, Any]:
    """The result as JSON, without the rows."""
    return {
        "success": result.success,
        "data": result.data,
        "revision": result.revision,
        "files": result.files,
        "suite": result.suite,
        "suite_digest": result.suite_digest,
        "rules": [asdict(rule) for rule in result.rules],
        "near_duplicates": len(result.near_duplicates),
    }


def lines(result: Result, shown: int = SHOWN) -> list[str]:
    """Text for a terminal: failing rows first (file, rule, value), then a line a rule, then the verdict."""
    found = []
    for rule, group in groupby(result.failing.itertuples(index=False), key=lambda row: row.rule):
        rows = list(group)
        found += [f"{row.severity:<8}  {row.file}  {rule}  {result.shown(row)}" for row in rows[:shown]]
        if len(rows) > shown:
            found.append(f"          ... and {len(rows) - shown:,} more of {rule}")
    width = max(len(rule.rule) for rule in result.rules)
    found += [""] if found else []
    found += [f"{_mark(rule):<7}  {rule.rule:<{width}}  {_count(rule):>16}  {rule.expected}" for rule in result.rules]
    verdict = "fit to train on" if result.success else "not fit to train on"
    return [*found, "", f"{result.data}: {verdict} ({result.suite}, revision {result.revision[:12]})"]


def _mark(rule: Rule) -> str:
    return "ok" if rule.success else "FAILED" if rule.refuses else "warning"


def _count(rule: Rule) -> str:
    return f"{rule.failing:,} of {rule.checked:,}" if rule.checked else ""


def write_report(result: Result, dataset: Dataset, folder: Path) -> None:
    """Write ``result.json``, ``bounds.json``, ``failing.csv``, ``near_duplicates.csv``, ``data_docs/index.html``."""
    write_json(folder / "result.json", summary(result))
    write_json(folder / "bounds.json", [bound.model_dump(mode="json") for bound in result.bounds])
    write_bytes(folder / "failing.csv", result.failing.to_csv(index=False).encode())
    write_bytes(folder / "near_duplicates.csv", result.near_duplicates.to_csv(index=False).encode())
    write_text(folder / "data_docs" / "index.html", _page(result, dataset))


def publish(result: Result, dataset: Dataset) -> Path:
    """Write the report where `tatara data check` leaves it, and give the page's path."""
    folder = state_root() / "data_docs" / dataset.name
    with whole_directory(folder) as temporary:
        write_report(result, dataset, temporary)
    return folder / "data_docs" / "index.html"


def _page(result: Result, dataset: Dataset) -> str:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    failing = {rule: rows.head(SHOWN).to_dict("records") for rule, rows in result.failing.groupby("rule", sort=False)}
    near = dict(zip(result.near_duplicates["file"], result.near_duplicates["near"], strict=True))
    boxes = {name: (path, box) for name, path, *box in result.boxes.itertuples()}
    thumbnails = {}
    for file in {file for rows in failing.values() for file in _pictured(rows, near)}:
        path, box = boxes.get(file, (file, None))
        thumbnails[file] = thumbnail(dataset.folder / path, box)
    return environment.get_template("report.html.j2").render(
        result=result,
        mark=_mark,
        failing=failing,
        near=near,
        thumbnails=thumbnails,
        counts=result.counts.to_dict("index"),
        splits=list(result.counts.columns),
        largest=max(1, int(result.counts.to_numpy().max())),
        totals=result.counts.sum().to_dict(),
        shown=SHOWN,
    )


def _pictured(rows: list[dict[str, Any]], near: dict[str, str]) -> list[str]:
    files = [str(row["file"]) for row in rows]
    return files + [near[file] for file in files if file in near]
