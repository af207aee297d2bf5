"""The picture of a detector's worst images says what it shows, and stays readable where much is wrong."""

import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from pipelines.metrics.objects.errors import breakdown
from pipelines.metrics.objects.gallery import DRAWN, NAMED, draw_worst
from pipelines.metrics.objects.gallery import RIGHT as RIGHT_COLOUR
from pipelines.metrics.objects.gallery import WRONG as WRONG_COLOUR
from pipelines.metrics.objects.matching import coco_outcomes
from pipelines.metrics.objects.operating import tally
from pipelines.metrics.objects.scenes import Scene
from tests.pipelines.drawn import saved_figures
from tests.pipelines.metrics.objects.made import LABELS, SIDE, regions, scene

BOX, AWAY = [0.0, 0.0, 80.0, 80.0], [150.0, 150.0, 200.0, 200.0]
RIGHT = regions([BOX], [0]), regions([BOX], [0], [0.9])
WRONG = regions([BOX], [0]), regions([AWAY], [0], [0.9])


def drawn(
    path: Path, scenes: list[Scene], monkeypatch: pytest.MonkeyPatch, labels: tuple[str, ...] = tuple(LABELS)
) -> Figure:
    found, _ = breakdown(scenes, coco_outcomes(scenes, labels, by_mask=False)["all"], by_mask=False)
    buffer = io.BytesIO()
    Image.fromarray(np.full((SIDE, SIDE, 3), 200, np.uint8)).save(buffer, "PNG")
    figures = saved_figures(monkeypatch)
    content = buffer.getvalue()
    draw_worst(path, scenes, labels, found, tally(scenes, found, 0.0), 0.0, lambda _: content, by_mask=False)
    (figure,) = figures
    return figure


@pytest.mark.parametrize(
    ("right", "wrong", "title", "shown"),
    [
        (2, 3, "All 3 images with mistakes, of 5 test images, the lowest F1 first.", 3),
        (1, 8, "The 6 images of lowest F1 among 8 with mistakes, of 9 test images.", 6),
        (1, 1, "The one image with mistakes, of 2 test images.", 1),
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
    truth, answer = figure.axes
    assert truth.get_title(loc="left") == "0.png: 0 of 1 missed"
    assert answer.get_title(loc="left") == f"{DRAWN + 20} of {DRAWN + 21} wrong, {DRAWN} of them drawn"
    row = np.asarray(answer.images[0].get_array())[300, ::2].astype(int)  # the image's row 150, each of its columns
    red = np.flatnonzero((np.abs(row - WRONG_COLOUR) < 8).all(axis=1))
    assert red.min() == 100
    assert 128 <= red[red < 150].max() <= 132  # the last of the drawn ones' left edges
    assert (answer.images[0].get_array()[100, 1] == RIGHT_COLOUR).all()


def test_names_are_left_out_where_there_is_one_class_and_crowds_are_told_where_there_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("pipelines.metrics.objects.gallery.painting.beside", lambda *given: asked.append(given[2]))
    figure = drawn(tmp_path / "worst.png", [scene(*WRONG)], monkeypatch)
    assert asked == [LABELS[0], f"{LABELS[0]}  0.90"]
    assert "crowd" not in figure.get_suptitle()
    asked.clear()
    many = regions([[9.0 * place, 0, 9.0 * place + 8, 8] for place in range(NAMED + 5)], [0] * (NAMED + 5))
    figure = drawn(tmp_path / "worst.png", [scene(many, regions([], []))], monkeypatch)
    assert (asked, figure.axes[0].get_title(loc="left")) == ([], f"0.png: {NAMED + 5} of {NAMED + 5} missed")
    crowd = scene(regions([BOX, [200.0, 0.0, 290.0, 90.0]], [0, 0], crowd=[1]), WRONG[1])
    figure = drawn(tmp_path / "worst.png", [crowd], monkeypatch, LABELS[:1])
    assert asked == ["0.90"]
    assert "Grey: crowd" in figure.get_suptitle()
