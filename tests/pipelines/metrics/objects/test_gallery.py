"""The picture of a detector's worst images says what it shows, and stays readable where much is wrong."""

import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from pipelines.metrics.objects.errors import breakdown
from pipelines.metrics.objects.gallery import DRAWN, draw_worst
from pipelines.metrics.objects.matching import coco_outcomes
from pipelines.metrics.objects.operating import tally
from pipelines.metrics.objects.scenes import Scene
from tests.pipelines.drawn import saved_figures
from tests.pipelines.metrics.objects.made import LABELS, SIDE, regions, scene

BOX, AWAY = [0.0, 0.0, 80.0, 80.0], [150.0, 150.0, 200.0, 200.0]
RIGHT = regions([BOX], [0]), regions([BOX], [0], [0.9])
WRONG = regions([BOX], [0]), regions([AWAY], [0], [0.9])


def drawn(path: Path, scenes: list[Scene], monkeypatch: pytest.MonkeyPatch) -> Figure:
    found, _ = breakdown(scenes, coco_outcomes(scenes, LABELS, by_mask=False)["all"], by_mask=False)
    buffer = io.BytesIO()
    Image.fromarray(np.full((SIDE, SIDE, 3), 200, np.uint8)).save(buffer, "PNG")
    figures = saved_figures(monkeypatch)
    content = buffer.getvalue()
    draw_worst(path, scenes, LABELS, found, tally(scenes, found, 0.0), 0.0, lambda _: content, by_mask=False)
    (figure,) = figures
    return figure


@pytest.mark.parametrize(
    ("right", "wrong", "title", "shown"),
    [
        (2, 3, "All 3 images with mistakes, of 5 test images, the lowest F1 first.", 3),
        (1, 8, "The 6 images of lowest F1 among 8 with mistakes, of 9 test images.", 6),
        (4, 0, "No mistake on any of the 4 test images; some of them.", 2),
    ],
)
def test_the_title_says_which_images_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: int, wrong: int, title: str, shown: int
) -> None:
    scenes = [scene(*(RIGHT if number < right else WRONG), number) for number in range(right + wrong)]
    figure = drawn(tmp_path / "worst.png", scenes, monkeypatch)
    assert figure.get_suptitle().startswith(title)
    assert sum(bool(axis.images) for axis in figure.axes) == 2 * shown


def test_of_many_wrong_answers_the_surest_are_drawn_and_the_right_ones_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = [[100.0 + number, 100.0, 190.0 + number, 200.0] for number in range(DRAWN + 20)]
    scores = np.linspace(0.9, 0.5, len(wrong)).tolist()
    crowded = scene(regions([BOX], [0]), regions([*wrong, BOX], [0] * (len(wrong) + 1), [*scores, 0.1]))
    figure = drawn(tmp_path / "worst.png", [crowded], monkeypatch)
    answer = figure.axes[1]
    assert answer.get_title(loc="left") == f"{DRAWN + 20} of {DRAWN + 21} wrong, {DRAWN} of them drawn"
    lefts = sorted(box.get_x() for box in answer.patches)
    assert lefts == pytest.approx([-0.5, *(99.5 + number for number in range(DRAWN))])
