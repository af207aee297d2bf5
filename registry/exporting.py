"""The list and the log as CSV (RFC 4180), of which no spreadsheet takes a cell for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from registry.records import Act, Summary
from tatara.core.files import canonical_json

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What may begin one: OWASP's list, and what some spreadsheets and languages add."""
VERSIONS = ("name", "version", "state", "roles", "author", "kind", "run_id", "champion", "passed", "failed",
            "undecided", "approvals", "needed", "since", "answer")  # fmt: skip
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_BLANK = " \u00a0\u200b\u2060\ufeff"


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV; texts are quoted, so that a separator of another country's does not begin a cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(header)
    writer.writerows([harmless_cell(value) for value in row] for row in rows)
    return stream.getvalue()


def harmless_cell(value: object) -> str | int | float:
    """A cell: numbers as they are, also negative ones that are written out; a quote before what begins a formula."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = "" if value is None else str(value).replace("\0", "")
    if _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if text.lstrip(_BLANK).startswith(FORMULA) else text


def versions_csv(found: Iterable[Summary]) -> str:
    """A list of versions, in its order."""
    rows = ({**one.model_dump(), "roles": " ".join(one.roles), "answer": one.answer.line} for one in found)
    return csv_text(VERSIONS, ([row[name] for name in VERSIONS] for row in rows))


def log_csv(acts: Iterable[Act]) -> str:
    """Lines of the audit log, in their order; ``detail`` is canonical JSON."""
    names = tuple(Act.model_fields)
    rows = ({**act.model_dump(mode="json"), "detail": canonical_json(act.detail)} for act in acts)
    return csv_text(names, ([row[name] for name in names] for row in rows))
