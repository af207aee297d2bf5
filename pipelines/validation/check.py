"""Validation: one suite over one dataset's index, by Great Expectations, before anything is trained on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.datasets.dataset import SPLITS, Dataset
from pipelines.datasets.index import beside
from pipelines.datasets.revision import indexed_revision
from pipelines.validation.expectations import validate
from pipelines.validation.suite import compile_bounds, suite_for
from pipelines.validation.tables import COUNTED, build_tables, counts_of
from tatara.core.contract import Bound
from tatara.core.home import apply_library_environment

if TYPE_CHECKING:
    import pandas
    from great_expectations.core import ExpectationValidationResult

CRITICAL = "critical"
NEAR = "near_duplicate_distance"


@dataclass(frozen=True)
class Rule:
    """What became of one rule. ``failing`` counts rows of its table: files, objects, or classes in a split."""

    rule: str
    table: str
    column: str | None
    severity: str
    success: bool
    checked: int
    failing: int
    expected: str
    notes: str

    @property
    def refuses(self) -> bool:
        """Whether the rule keeps the dataset from being trained on."""
        return self.severity == CRITICAL and not self.success


@dataclass(frozen=True)
class Result:
    """What became of a suite.

    Attributes:
        data, revision, files: the dataset's name, revision, and number of files.
        suite, suite_digest: names of the suite files and digest of the rules.
        rules: in the suite's order.
        failing: a row for each failing file (or ``file#object``, or ``split/class``) of each failing rule, critical
            rules first: ``file``, ``rule``, ``severity``, ``value``.
        near_duplicates: ``file``, ``near``, ``distance`` for the rule on near-duplicates.
        boxes: ``path``, ``x_min``, ``y_min``, ``x_max``, ``y_max`` of each failing object, by its name.
        counted: what ``counts`` are of: files, objects, or images that show the class.
        counts: how many there are by class (rows) and split (columns).
        bounds: of the contract.
    """

    data: str
    revision: str
    files: int
    suite: str
    suite_digest: str
    rules: tuple[Rule, ...]
    failing: "pandas.DataFrame"
    near_duplicates: "pandas.DataFrame"
    boxes: "pandas.DataFrame"
    counted: str
    counts: "pandas.DataFrame"
    bounds: tuple[Bound, ...]

    @property
    def success(self) -> bool:
        """Whether no critical rule failed."""
        return not any(rule.refuses for rule in self.rules)

    def refusal(self) -> str:
        """One line: how many rules refuse the dataset, the first one and its first file, and where to read on."""
        refusing = [rule for rule in self.rules if rule.refuses]
        rows = self.failing[self.failing["rule"] == refusing[0].rule]
        first = f" ({rows['file'].iloc[0]}: {self.shown(next(rows.itertuples()))})" if len(rows) else ""
        count = f"{len(refusing)} of {len(self.rules)} rules"
        return f"{self.data}: {count} not met, first {refusing[0].rule}{first}; see `tatara data check {self.data}`"

    def shown(self, row: Any) -> str:
        """The value of a row of ``failing``; of an image that is all but a copy with the one that it is like."""
        (column,) = [rule.column for rule in self.rules if rule.rule == row.rule]
        if column != NEAR:
            return str(row.value)
        alike = self.near_duplicates
        return f"{row.value} of 64 bits from {alike.loc[alike['file'] == row.file, 'near'].iloc[0]}"


def check(dataset: Dataset, index: "pandas.DataFrame") -> Result:
    """Hold ``index`` (as `build_index` gives it) to the dataset's suite.

    Raises:
        TataraError: the suite or the annotations cannot be read, or a rule cannot be computed.
    """
    apply_library_environment()
    suite = suite_for(dataset)
    bounds = compile_bounds(suite, dataset.description.modality)
    classes = dataset.description.classes
    tables = build_tables(dataset, index)
    files, counts = tables["files"], tables["classes"]
    parameters = {"splits": list(SPLITS), "classes": list(classes)}
    outcomes = validate(suite, tables, parameters)
    rules = tuple(_rule(outcomes[each["meta"]["rule"]]) for each in suite.expectations)
    failing = _failing_rows(rules, outcomes, tables, dataset.name)
    return Result(
        data=dataset.name,
        revision=indexed_revision(dataset, dict(zip(index["path"], index["digest"], strict=True)) | beside(index)),
        files=len(index),
        suite=suite.name,
        suite_digest=suite.digest,
        rules=rules,
        failing=failing,
        near_duplicates=_near_duplicates(files, failing, rules),
        boxes=_boxes(tables, failing),
        counted=COUNTED[dataset.description.format],
        counts=counts_of(dataset, counts),
        bounds=tuple(bounds),
    )


def _rule(outcome: "ExpectationValidationResult") -> Rule:
    config, found = outcome.expectation_config, outcome.result
    return Rule(
        rule=config.meta["rule"],
        table=config.meta["table"],
        column=config.kwargs.get("column"),
        severity=config.severity.value,
        success=bool(outcome.success),
        checked=int(found.get("element_count", 0)),
        failing=int(found.get("unexpected_count", not outcome.success)),
        expected=_sentence(outcome),
        notes=config.meta.get("notes", ""),
    )


def _sentence(outcome: "ExpectationValidationResult") -> str:
    """Great Expectations' own words for what it expected."""
    outcome.render()
    text = outcome.expectation_config.rendered_content[0].value
    values = {name: parameter["value"] for name, parameter in (text.params or {}).items()}
    shown = {name: f"{value:,.10g}" if isinstance(value, int | float) else value for name, value in values.items()}
    return Template(text.template).safe_substitute(shown).rstrip(".")


def _failing_rows(
    rules: Sequence[Rule],
    outcomes: Mapping[str, "ExpectationValidationResult"],
    tables: Mapping[str, "pandas.DataFrame"],
    data: str,
) -> "pandas.DataFrame":
    import pandas

    rows: list[tuple[str, str, str, Any]] = []
    for rule in sorted((rule for rule in rules if not rule.success), key=lambda rule: rule.severity != CRITICAL):
        found = outcomes[rule.rule].result
        if "unexpected_index_list" in found and rule.column is not None:
            # Great Expectations gives every unexpected row's name but only the first 200 values.
            values = tables[rule.table][rule.column].loc[sorted(found["unexpected_index_list"])].items()
        else:
            values = [(data, found.get("observed_value"))]
        rows += [(str(file), rule.rule, rule.severity, _value(value)) for file, value in values]
    table = pandas.DataFrame(rows, columns=["file", "rule", "severity", "value"])
    return table.assign(value=pandas.Series([value for *_, value in rows], dtype=object))


def _boxes(tables: Mapping[str, "pandas.DataFrame"], failing: "pandas.DataFrame") -> "pandas.DataFrame":
    import pandas

    columns = ["path", "x_min", "y_min", "x_max", "y_max"]
    objects = tables.get("objects", pandas.DataFrame(columns=columns))
    return objects.loc[objects.index.isin(failing["file"]), columns]


def _value(value: Any) -> Any:
    """As it is shown: a whole number without a point, though its column has gaps, others short, and none as a word."""
    if value is None or value == "":
        return "(none)"
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(f"{value:.6g}")
    return value


def _near_duplicates(
    files: "pandas.DataFrame", failing: "pandas.DataFrame", rules: Sequence[Rule]
) -> "pandas.DataFrame":
    names = [rule.rule for rule in rules if rule.column == NEAR]
    files = files if NEAR in files else files.assign(near_duplicate_of=None, near_duplicate_distance=np.nan)
    found = files.loc[failing[failing["rule"].isin(names)]["file"].unique()]
    pairs = found[["path", "near_duplicate_of", "near_duplicate_distance"]]
    return pairs.set_axis(["file", "near", "distance"], axis=1).astype({"distance": int}).reset_index(drop=True)
