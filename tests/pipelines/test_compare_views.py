"""The picture of a comparison names each run so that it is told from the others."""

from pathlib import Path

import pytest

from pipelines.compare import Comparison, Row
from pipelines.compare_views import draw
from tatara.core.statistics import Interval
from tests.pipelines.drawn import saved_figures

AP = {"ap50": Interval(value=0.8, low=0.7, high=0.9)}


def _row(data: str, model: str, end: str) -> Row:
    return Row(
        run=f"20260102-030405-{data}-{model}-{end}", run_id=end, data=data, model=model, metrics=AP, parameters=1,
        flops=None, bytes=None, training_seconds=None, latency_ms=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([("a", "ssd300", "1"), ("a", "unet", "2")], ["ssd300", "unet"]),
        ([("a", "ssd300", "1"), ("b", "ssd300", "2")], ["ssd300 on a", "ssd300 on b"]),
        (
            [("a", "ssd300", "1"), ("a", "ssd300", "2")],
            ["ssd300\n20260102-030405-1", "ssd300\n20260102-030405-2"],
        ),
    ],
)
def test_a_run_is_named_by_what_tells_it_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str, str]], names: list[str]
) -> None:
    figures = saved_figures(monkeypatch)
    draw(Comparison(runs=tuple(_row(*row) for row in rows), pairs=()), tmp_path / "compare.png")
    assert [text.get_text() for text in figures[0].axes[0].get_yticklabels()] == names
