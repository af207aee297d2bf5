"""Great Expectations as it is used here: tables in memory, no files, no progress bars, no analytics."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.validation.suite import Suite
from tatara.core.errors import TataraError

if TYPE_CHECKING:
    import pandas
    from great_expectations.core import ExpectationValidationResult

_DETAIL = {"result_format": "COMPLETE", "return_unexpected_index_query": False}


def validate(
    suite: Suite, tables: Mapping[str, "pandas.DataFrame"], parameters: Mapping[str, Any]
) -> dict[str, "ExpectationValidationResult"]:
    """Great Expectations' result for each rule of ``suite``; unexpected rows are named by their table's index.

    Args:
        parameters: values for ``{"$PARAMETER": name}`` in the suite.

    Raises:
        TataraError: a rule cannot be computed, such as one on a column that is not there.
    """
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("tables")
    results: dict[str, ExpectationValidationResult] = {}
    for table, expectations in suite.tables.items():
        if table not in tables:
            rule = expectations.expectations[0].meta["rule"]
            raise TataraError(f"{suite.name}: rule {rule!r}: the dataset has no table {table!r}")
        batch = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe("all")
        definition = great_expectations.ValidationDefinition(
            name=table, data=batch, suite=context.suites.add(expectations)
        )
        found = definition.run(
            batch_parameters={"dataframe": tables[table]},
            expectation_parameters=dict(parameters),
            result_format=_DETAIL,
        )
        results |= {outcome.expectation_config.meta["rule"]: outcome for outcome in found.results}
    for rule, outcome in results.items():
        if message := _exception(outcome.exception_info or {}):
            raise TataraError(f"{suite.name}: rule {rule!r} cannot be computed: {message}")
    return results


def _exception(info: Mapping[str, Any]) -> str | None:
    """The message in ``exception_info``, which holds either one record or one for each metric."""
    records = [info, *(value for value in info.values() if isinstance(value, dict))]
    messages = [str(record["exception_message"]) for record in records if record.get("raised_exception")]
    return " ".join(messages[0].split()) if messages else None
