"""The picture of training images beside their objects."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.tasks.instances.samples import draw_samples
from tests.pipelines.drawn import saved_figures


@pytest.mark.parametrize(
    ("classes", "second", "named"),
    [
        (("cat", "dog"), -1, ["cat", "ignored"]),
        (("cat", "dog"), 1, ["cat", "dog"]),
        (("cat",), -1, ["ignored"]),
        (("cat",), 0, None),
    ],
)
def test_the_legend_names_what_is_drawn_and_what_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, classes: tuple[str, ...], second: int, named: list[str] | None
) -> None:
    figures = saved_figures(monkeypatch)
    ids = np.zeros((1, 32, 32), np.int32)
    ids[0, 2:12, 2:12], ids[0, 16:30, 16:30] = 1, 2
    labels = np.array([[0, second, -1]], np.int32)  # the third is padding
    images = np.random.default_rng(0).random((1, 32, 32, 3), np.float32)
    draw_samples(tmp_path / "samples.png", images, ids, labels, classes, "samples")
    legends = [[text.get_text() for text in legend.get_texts()] for legend in figures[0].legends]
    assert legends == ([named] if named else [])
    assert Image.open(tmp_path / "samples.png").width > 800
