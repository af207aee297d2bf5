"""One line of the table: an export beside the original, on the same test split."""

from pathlib import Path

from pydantic import BaseModel

from tatara.core.statistics import Interval


class Row(BaseModel):
    """What an export costs and keeps.

    Attributes:
        format: its name.
        missing: operators that the format lacks, because of which there is no export; then there are no figures.
        reason: the same in words.
        folder: where it lies.
        bytes: of all its files.
        metric: name of the kind's first metric.
        value: of it on the test split, 0..1.
        change: of it against the original's ONNX graph on the same examples, with a 95 % interval.
        apart: how far an answer lies from the original's, at most, by the names of the kind's differences.
        examples: of the test split.
        median_ms, p95_ms: of one answer from file bytes, one at a time.
        runs_in: the runtime that answered.
    """

    format: str
    missing: tuple[str, ...] = ()
    reason: str = ""
    folder: Path | None = None
    bytes: int | None = None
    metric: str = ""
    value: float | None = None
    change: Interval | None = None
    apart: dict[str, float] = {}
    examples: int = 0
    median_ms: float | None = None
    p95_ms: float | None = None
    runs_in: str = ""


def table(rows: list[Row]) -> str:
    """The rows as text: format, metric, change, furthest answer, size, latency, runtime; what has no form, and why."""
    metric = next((row.metric for row in rows if row.metric), "metric")
    lines = [["format", metric, "change [95 %]", "furthest answer", "size", "median", "p95", "runs in"]]
    lines += [_cells(row) for row in rows]
    widths = [max(len(line[place]) for line in lines if len(line) > 2) for place in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=False)).rstrip() for line in lines
    )


def _cells(row: Row) -> list[str]:
    if row.change is None or row.bytes is None:
        return [row.format, row.reason]
    change, furthest = row.change, ", ".join(f"{name} {value:.2g}" for name, value in row.apart.items())
    return [
        row.format,
        f"{row.value:.4f}",
        f"{change.value:+.4f} [{change.low:+.4f}, {change.high:+.4f}]",
        furthest,
        f"{row.bytes / 1e6:,.2f} MB",
        f"{row.median_ms:,.2f} ms",
        f"{row.p95_ms:,.2f} ms",
        row.runs_in,
    ]
