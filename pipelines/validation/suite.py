"""Suites: Great Expectations' own JSON, found by kind or dataset, and the request bounds compiled from them."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tatara.core.contract import Bound
from tatara.core.errors import TataraError
from tatara.core.files import digest
from tatara.core.home import project_root
from tatara.core.modalities import modality_module

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

    from pipelines.datasets.dataset import Dataset

FOLDER = Path("pipelines") / "validation" / "suites"
TABLES = ("files", "classes", "objects")
_COMPILED = {
    "expect_column_values_to_be_between": {"column": "column", "min_value": "minimum", "max_value": "maximum"},
    "expect_column_values_to_be_in_set": {"column": "column", "value_set": "allowed"},
}
"""Expectations that a single value can be held to, and their arguments' names in a `Bound`."""


@dataclass(frozen=True)
class Suite:
    """Rules in force: the names of the files that they come from, their JSON, and a suite for each table with rules."""

    name: str
    expectations: list[dict[str, Any]]
    tables: dict[str, "ExpectationSuite"]

    @property
    def digest(self) -> str:
        """SHA-256 of the rules, whatever their files' spacing."""
        return digest(self.expectations)


def suite_for(dataset: "Dataset") -> Suite:
    """The suite of the dataset's kind, ``<kind>.json`` or of sounds ``audio-<kind>.json``; rules in
    ``<kind>.<dataset>.json`` replace those of their name, or are added.

    Raises:
        TataraError: as `load_suite`.
    """
    said, folder = dataset.description, project_root() / FOLDER
    kind = said.kind if said.modality == "image" else f"{said.modality}-{said.kind}"
    if not folder.is_dir():  # a project without a copy of the code has the suites that came with it
        folder = Path(__file__).parent / "suites"
    own = folder / f"{kind}.{dataset.name}.json"
    return load_suite(folder / f"{kind}.json", *([own] if own.is_file() else []))


def load_suite(*paths: Path) -> Suite:
    """Parse suite files; in a later file, a rule replaces the one of its name.

    Raises:
        TataraError: not JSON, not an expectation that Great Expectations knows, or a rule without a name, twice in
            one file, or on a table that is not there; the message names file and rule.
    """
    rules: dict[str, dict[str, Any]] = {}
    for path in paths:
        rules |= _read(path)
    name = " + ".join(path.name for path in paths)
    tables = {table: [each for each in rules.values() if each["meta"]["table"] == table] for table in TABLES}
    built = {table: _build(name, table, expectations) for table, expectations in tables.items() if expectations}
    return Suite(name, list(rules.values()), built)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        expectations = list(json.loads(path.read_text(encoding="utf-8"))["expectations"])
    except FileNotFoundError:
        raise TataraError(f"{path}: no suite there; restore it with `git checkout -- {FOLDER}`") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TataraError(f"{path}: not a suite in JSON ({' '.join(str(error).split())})") from None
    rules: dict[str, dict[str, Any]] = {}
    for place, expectation in enumerate(expectations):
        meta = expectation.get("meta") if isinstance(expectation, dict) else None
        if not isinstance(meta, dict) or not isinstance(rule := meta.get("rule"), str):
            raise TataraError(f'{path}: expectation {place + 1} has no name; give it "meta": {{"rule": "..."}}')
        if rule in rules:
            raise TataraError(f"{path}: two rules are called {rule!r}; rename one")
        if meta.setdefault("table", "files") not in TABLES:
            raise TataraError(f"{path}: rule {rule!r}: table {meta['table']!r} is none of {', '.join(TABLES)}")
        rules[rule] = expectation
    return rules


def _build(name: str, table: str, expectations: list[dict[str, Any]]) -> "ExpectationSuite":
    from great_expectations import ExpectationSuite
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    built = []
    for expectation in expectations:
        try:  # one by one: the suite's own constructor logs what it cannot read and leaves it out
            built.append(ExpectationConfiguration(**expectation).to_domain_obj())
        except (GreatExpectationsError, ValueError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise TataraError(f"{name}: rule {expectation['meta']['rule']!r}: {reason}") from None
    return ExpectationSuite(name=table, expectations=built)


def compile_bounds(suite: Suite, modality: str) -> list[Bound]:
    """The rules marked ``"request": true`` as bounds of the contract: the same names, the same values admitted.

    Raises:
        TataraError: a marked rule cannot be held to a single request; the message names it.
    """
    module = modality_module(modality)
    measured = [field.name for field in fields(module.Facts)]
    marked = [each for each in suite.expectations if each["meta"].get("request")]
    return [_bound(suite.name, expectation, measured) for expectation in marked]


def _bound(name: str, expectation: dict[str, Any], measured: list[str]) -> Bound:
    rule, kwargs = expectation["meta"]["rule"], expectation["kwargs"]
    column = kwargs.get("column")
    if column not in measured:
        raise TataraError(f"{name}: rule {rule!r}: a request has no {column!r}, only {', '.join(measured)}")
    names = _COMPILED.get(expectation["type"], {})
    if unknown := [argument for argument in kwargs if argument not in names]:
        raise TataraError(f"{name}: rule {rule!r}: {unknown[0]!r} of {expectation['type']} cannot bind a request")
    return Bound(rule=rule, **{names[argument]: value for argument, value in kwargs.items()})
