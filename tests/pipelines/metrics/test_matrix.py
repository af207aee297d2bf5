"""The picture of a confusion can be read: its colours are named, and so are its classes, in any script."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from pipelines.metrics.matrix import draw_confusion
from tests.pipelines.drawn import saved_figures


@pytest.mark.parametrize(
    ("labels", "turned"),
    [
        (("cat", "dog"), []),
        (("raccoon", "background"), []),
        (("四角形の標識", "三角", "丸", "背景"), ["四角形の標識"]),
        ([*"零壱弐参肆五六七捌", "background"], ["background"]),
        ([*"0123456789"], []),
    ],
)
@pytest.mark.parametrize(("colours", "name"), [("shares", "share of the true class"), ("counts", "how many")])
def test_names_are_turned_only_where_they_do_not_fit_and_the_colours_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, labels: tuple[str, ...], turned: list[str],
    colours: Literal["counts", "shares"], name: str,
) -> None:  # fmt: skip
    figures = saved_figures(monkeypatch)
    draw_confusion(tmp_path / "c.png", np.eye(len(labels), dtype=np.int64) * 9, labels, "answers", colours, "counts")
    matrix, bar = figures[0].axes
    assert [text.get_text() for text in matrix.get_xticklabels() if text.get_rotation()] == turned
    assert bar.get_ylabel() == name
